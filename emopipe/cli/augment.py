"""Draw the augmented copies of a face, as training sees them, on one sheet.

  emopipe augment photo.jpg --out sheet.png
  emopipe augment clip.mp4 --out sheet.png --detector yunet --size 64
  emopipe augment face.png --out sheet.png --detector none      the whole picture is the face
  emopipe augment --list                                        every transform, in words

The transforms are the thesis' grid (rotation, flips, zoom, scale, shifts), in the
order of --list, row after row; the first copy is the face as it is. Of a video the
face in the middle is taken.
"""


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import path_argument

    parser.add_argument("image", nargs="?", type=path_argument, help="a picture or a video")
    parser.add_argument("--out", type=path_argument, help="the sheet: a .png or .jpg file")
    parser.add_argument("--list", action="store_true", help="list the transforms")
    parser.add_argument("--detector", default="haar", help="haar, yunet, ssd, mtcnn or none")
    parser.add_argument("--detector-model", metavar="FILE", help="the detector's model")
    parser.add_argument("--size", type=int, default=112, help="pixels per copy (default: 112)")
    parser.add_argument("--columns", type=int, default=16, help="copies per row (default: 16)")


def command(args) -> int:
    """List the transforms, or draw them."""
    from emopipe.cli.early_checks import check_output
    from emopipe.face.augmentation import THESIS, describe

    if args.list:
        for number, transform in enumerate(THESIS):
            print(f"{number:>4}  {describe(transform)}")
    if args.image is None:
        if args.list:
            return 0
        raise ValueError("name a picture and where the sheet goes: augment IMAGE --out sheet.png")
    if args.out is None or args.out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise ValueError("--out is needed: the sheet's file, .png or .jpg")
    for name in ("size", "columns"):
        if not 1 <= getattr(args, name) <= 1024:
            raise ValueError(f"--{name} {getattr(args, name)}: from 1 to 1024")
    check_output(args.out, "--out")
    _draw(args, THESIS)
    print(f"{args.out}: {len(THESIS)} copies")
    return 0


def _draw(args, transforms):
    import cv2

    from emopipe.face import DETECTORS, face_crops
    from emopipe.face.augmentation_sheets import draw_sheet
    from emopipe.files import write_atomic

    detector = None if args.detector == "none" else args.detector
    if detector is not None and detector not in DETECTORS:
        allowed = [name for name in DETECTORS if name is not None]
        raise ValueError(f"--detector {detector}: allowed are {', '.join(allowed)}, none")
    side = (args.size, args.size)
    faces = face_crops(
        args.image, detector=detector, model=args.detector_model, n_frames=1, size=side
    )
    sheet = draw_sheet(next(faces).crops[0], transforms, columns=args.columns)
    encoded, data = cv2.imencode(args.out.suffix, sheet[..., ::-1])
    if not encoded:
        raise ValueError(f"{args.out}: the sheet cannot be written as {args.out.suffix}")
    write_atomic(args.out, data.tobytes())
