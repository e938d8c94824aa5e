/** Many things change in one moment: however often it is asked for in this turn of the event loop, the work is done once, after it. */
export function onceATurn(work: () => void): () => void {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    queueMicrotask(() => {
      isScheduled = false;
      work();
    });
  };
}
