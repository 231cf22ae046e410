"""Make docs/walks: a page of each pretrained model's walk through a text, and stills of three of them.

    python benchmarks/walks.py      writes docs/walks/*.html and, if Playwright and Chromium are there, *.png

Run it after a change of a model in pretrained/ or of n2m/page; until then tests/test_walks.py fails.
"""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the project, if it is not installed

from benchmarks import command

FOLDER = command.ROOT / "docs" / "walks"
WALKS = {"poem": "床前明月光", "word": "月", "classify": "这家酒店很干净，下次还来", "translate": "我喜欢喝茶。",
         "translate-classical": "己所不欲，勿施于人。"}
STILLS = {"poem": 4, "translate": 2, "classify": 1}  # the step of the output that each still shows


def main() -> None:
    command.Parser(__doc__).parse_args()
    import n2m
    from n2m.page import OPTIONS, write_page
    FOLDER.mkdir(exist_ok=True)
    for name, text in WALKS.items():
        model = n2m.load(command.ROOT / "pretrained" / name, device="cpu")
        walk = model.walk(text, **{**OPTIONS, "alternative_steps": 1})
        others = [step for one in walk.steps for c in one.candidates for step in c.steps or ()]
        for step in [*walk.steps, *others]:  # three decimals, as many as a page shows, make it a tenth smaller
            for vector in (step.state, step.context, step.readout, *step.gates.values()):
                if vector is not None:
                    vector[:] = vector.round(3)
        write_page(FOLDER / f"{name}.html", walk, model.task.name)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from PIL import Image
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        return print("stills not taken; they need Chromium, and pip install playwright pillow")
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for name, number in STILLS.items():
            tab = opened.new_page(viewport={"width": 1100, "height": 900}, locale="en-US", reduced_motion="reduce")
            tab.goto((FOLDER / f"{name}.html").as_uri())
            hidden = "header, #player, #keys, .more { display: none !important }"
            tab.add_style_tag(content=hidden + " main { padding: 8px }")
            tab.evaluate(f"go(firstStep + {number - 1})")
            picture = Image.open(io.BytesIO(tab.locator("main").screenshot())).convert("RGB")
            picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)
        opened.close()


if __name__ == "__main__":
    command.run(main)
