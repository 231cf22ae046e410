"""`run.py export`: a trained model as one page that needs no Python, or as ONNX files."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

from core.data import InputError
from core.events import note
from core.os_errors import reason
from corpora.shared.messages import printable
from n2m.cli.flags import Parser

MODELS = Path("models")
LARGE = 10_000_000  # bytes of a page that is slow to load


def main(arguments: Sequence[str]) -> int:
    args = parser().parse_args(arguments)
    if args.html is None and args.onnx is None:
        raise InputError("nothing to write; add `html` FILE or `onnx` FOLDER")
    if args.corpus and not args.task:
        raise InputError("`corpus` needs `task`; add it, or remove `corpus`")
    if not (args.task or args.model_dir):
        raise InputError("no model given; add `task`, or `model_dir` with the directory of a model")
    from n2m.cli import answering, explain  # late: they load torch, which --help does not need
    from n2m.export.page import START, write_page
    from n2m.model import load
    page = None if args.html is None else explain.check_page(args.html, START)
    if args.onnx:
        from n2m.export import onnx_files
        onnx_files.check(args.onnx)
    args.lines, args.reverse, args.ensemble, args.device = None, False, None, "cpu"
    model = answering.load(args, MODELS) if args.task else load(args.model_dir, device="cpu")
    if page:
        try:
            size = write_page(page, model)
        except OSError as error:
            raise InputError(f"`html` {printable(args.html)}: {reason(error)}; choose another path") from None
        note(f"page written to {printable(args.html)} ({size / 1e6:.1f} MB); open it in a browser")
        if size > LARGE:
            note("it is large; train with a smaller `max_vocabulary`, `embedding_size` or `hidden_size`")
    if args.onnx:
        try:
            difference = onnx_files.write_onnx(args.onnx, model)
        except OSError as error:
            raise InputError(f"`onnx` {printable(str(args.onnx))}: {reason(error)}; choose another path") from None
        note(f"ONNX files written to {printable(str(args.onnx))}; their numbers differ from PyTorch's by at most "
             f"{difference:.1g}; try: python {printable(str(args.onnx / 'decode.py'))} TEXT")
    return 0


def parser() -> Parser:
    p = Parser(prog="run.py export", allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter,
               description="Write a trained model in a form that needs neither Python nor this project.",
               epilog=textwrap.dedent("""\
                   examples:
                     python run.py export --task poem --html poem.html       a page that answers as you type
                     python run.py export --model-dir models/mine --html mine.html
                     python run.py export --task translate --onnx translate  ONNX files and an example in Python"""))
    p.add_argument("--html", metavar="FILE", help="page with the model inside, for any browser; it opens "
                   "without a network")
    p.add_argument("--onnx", type=Path, metavar="FOLDER", help="new directory for encoder and decoder step as ONNX "
                   "files, with an example that decodes with them")
    p.add_argument("--task", help="task type of the model")
    p.add_argument("--corpus", nargs="+", metavar="NAME|FILE", help="corpus of the model, if several come with n2m")
    p.add_argument("--model-dir", type=Path, metavar="DIR", help="directory of the model (default models/TASK, or the "
                   "model that comes with n2m)")
    return p
