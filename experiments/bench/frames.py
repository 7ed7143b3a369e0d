"""How near are followed faces to detected ones, and what do few frames of a long video cost?

Faces can be detected in every k-th frame and followed between (detect_every): how many detections
that takes, how much the boxes overlap with those of detecting in each frame (intersection over
union: the lowest and the mean over frames), how many frames lose their face, and how much processor
time it saves, decoding included. With n_frames, frames of a long video are sought: their processor
time against decoding all.

  python experiments/bench/frames.py --quick
  python experiments/bench/frames.py --clips CREMA-D/VideoFlash --out reports/bench_frames.json

Without --clips, CREMA-D-like videos with drawn faces are made.
"""

import tempfile
from pathlib import Path
from time import process_time

import numpy as np
from command import clips_of, new_parser, write_figures

EVERY = (2, 3, 5, 10)
FPS = 5.0
GOAL = 0.8


def _boxes(path, fps, every, boxes):
    from emopipe.face import face_crops

    chunks = face_crops(path, fps=fps, detect_every=every, size=(48, 48), **boxes)
    began, boxes = process_time(), {}
    for chunk in chunks:
        boxes |= dict(zip(chunk.times.tolist(), chunk.boxes, strict=True))
    return boxes, chunks.counts["detections"], process_time() - began


def following(paths, fps, look):
    """Return a row per k: detections, overlap with the boxes of detecting in every frame."""
    from emopipe.face.tracking import overlap

    each, rows = [_boxes(path, fps, 1, look) for path in paths], []
    for every in EVERY:
        others, ious, lost = [_boxes(path, fps, every, look) for path in paths], [], 0
        for (first, *_), (other, *_) in zip(each, others, strict=True):
            shared = sorted(set(first) & set(other))
            lost += len(first) - len(shared)
            ious += [float(overlap(first[t][None], other[t][None])[0, 0]) for t in shared]
        seconds = [sum(spent for *_, spent in runs) for runs in (each, others)]
        detections = [sum(n for _, n, _ in runs) for runs in (each, others)]
        rows.append({
            "every": every, "fps": fps or "all", "frames": len(ious), "lost": lost,
            "detections": detections[1], "of": detections[0], "iou_lowest": min(ious),
            "iou_mean": float(np.mean(ious)), "quicker": seconds[0] / seconds[1],
        })  # fmt: skip
    return rows


def long_video(path, seconds):
    """Write a video with a keyframe a second."""
    import av

    with av.open(str(path), "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"preset": "ultrafast", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for i in range(seconds * 25):
            image = np.full((360, 640, 3), 60, np.uint8)
            image[100:200, i % 500 : i % 500 + 100] = i % 256
            film.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        film.mux(stream.encode())
    return path


def sparse(path):
    """Return seconds of processor for every frame of a video, and for a few of them."""
    from emopipe.media import frames

    spent = {}
    for n_frames in (None, 10, 3):
        began = process_time()
        n = sum(1 for _ in frames(path, n_frames=n_frames))
        spent[n] = process_time() - began
    return spent


def show_following(rows):
    """Print the table of detecting in every k-th frame."""
    print("\nDetecting in every k-th frame and following between, against detecting in each")
    print("  fps   k  detections    lowest IoU  mean IoU  lost  quicker")
    for r in rows:
        verdict = "yes" if r["iou_lowest"] >= GOAL else "NO"
        print(f"  {r['fps']!s:4} {r['every']:2}  {r['detections']:5} of {r['of']:5}  "
              f"{r['iou_lowest']:7.3f}     {r['iou_mean']:.3f}  {r['lost']:4}  {r['quicker']:.1f} x"
              f"  goal >= {GOAL}: {verdict}")  # fmt: skip


def show_sparse(spent):
    """Print what few frames cost."""
    whole = max(spent)
    for n in sorted(spent)[:-1]:
        print(f"{n} of {whole} frames: {spent[whole] / spent[n]:.0f} x quicker than all of them")


def main():
    """Measure, print, write."""
    parser = new_parser(__doc__, "three clips, a shorter video")
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders of videos")
    parser.add_argument("--n", type=int, default=6, help="videos at most")
    parser.add_argument("--detector", default="haar")
    parser.add_argument("--detector-model", type=Path)
    args = parser.parse_args()
    look = {"detector": args.detector, "model": args.detector_model}
    with tempfile.TemporaryDirectory() as work:
        paths = clips_of(args.clips, 3 if args.quick else args.n, Path(work))
        rows = [row for fps in (None, FPS) for row in following(paths, fps, look)]
        show_following(rows)
        spent = sparse(long_video(f"{work}/long.mp4", 60 if args.quick else 300))
        show_sparse(spent)
    result = {"detector": args.detector, "following": rows, "sparse": spent}
    write_figures(args.out, result)


if __name__ == "__main__":
    main()
