/** What browsers that have it offer to read codes from a camera's picture (WICG Shape Detection). */
type BarcodeDetectorLike = { detect(source: HTMLVideoElement): Promise<readonly { readonly rawValue: string }[]> };
type BarcodeDetectorClass = new (options: { readonly formats: readonly string[] }) => BarcodeDetectorLike;

const LOOK_EVERY_MS = 250;

function detectorClass(): BarcodeDetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: BarcodeDetectorClass }).BarcodeDetector;
}

/** Elsewhere the person pastes the text that stands beside every picture. */
export function canScan(): boolean {
  return detectorClass() !== undefined && navigator.mediaDevices !== undefined;
}

/** Shows the camera in the video and answers the first QR code's text; `undefined` when it was stopped. @throws when there is no camera, or no leave to use it. */
export async function scanCode(video: HTMLVideoElement, signal: AbortSignal): Promise<string | undefined> {
  const Detector = detectorClass();
  if (!Detector) throw new Error('This browser reads no codes.');
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  try {
    video.srcObject = stream;
    await video.play();
    const detector = new Detector({ formats: ['qr_code'] });
    while (!signal.aborted) {
      const [found] = await detector.detect(video);
      if (found) return found.rawValue;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return undefined;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
