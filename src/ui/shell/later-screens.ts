/** Screens that nobody sees first: they come after the app can be used. Elements that stand in the page already become what they are then. */
import '../agents/agent-list.ts';
import '../agents/agent-page.ts';
import '../approvals/approval-dialog.ts';
import '../approvals/question-dialog.ts';
import '../agents/call-card.ts';
import '../agents/call-draft-dialog.ts';
import '../conversations/conversation-page.ts';
import '../conversations/tool-caller.ts';
import '../invite/invite-dialog.ts';
import '../network/join-dialog.ts';
import '../network/network-list.ts';
import '../network/network-page.ts';
import '../settings/settings-page.ts';
