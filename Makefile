# make demo   set up, then conduct the bundled piece with the bundled photo
#             TORCH_INDEX=https://download.pytorch.org/whl/cpu make demo: with torch for CPUs alone
# make test   set up, then lint, types, rooms and tests
# make bench  speed, each figure beside a floor or a peer measured in the same run
# make fuzz   10,000 damaged files to every reader; goes on where it was stopped (SEED=1 for others)
# make soak   the server under force: kills, a full disk, a crowd, slow sockets
# make rigs   every rig of the matrix in Blender's module 4.5, 5.0, 5.2 and 5.3, as a table
# make addon  the extension as an installable zip in dist/
# make clean  remove what the build made (the environments stay; "make distclean" removes them)
.DEFAULT_GOAL := demo
.PHONY: demo test bench fuzz soak rigs addon clean distclean setup setup-test

python := .venv/bin/python
demo_files := backend/demo

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh test

demo: setup
	@mkdir -p out
	@.venv/bin/virtual-conductor conduct $(demo_files)/ode_to_joy.ogg --score $(demo_files)/ode_to_joy.mid --photo $(demo_files)/photo.png --fps 24 -o out/demo
	@echo "The videos are out/demo/animation.mp4 and out/demo/likeness.mp4; the scene is out/demo/scene.blend."

test: setup-test
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	$(python) -m mypy --platform darwin --cache-dir .mypy_cache/darwin
	.venv/bin/lint-imports
	$(python) -m pytest -n logical --maxprocesses 4 --dist loadfile

bench: setup-test
	$(python) -m bench

fuzz: setup-test
	$(python) tests/fuzz/fuzz_campaign.py --inputs 10000 --seed $(or $(SEED),0) --out out/fuzz

soak: setup-test
	$(python) tests/soak/soak.py

rigs: setup-test
	@scripts/rigs.sh

addon: setup
	$(python) build_addon.py

clean:
	rm -rf build dist out .import_linter_cache .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -not -path './.venv*' -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv .venv-bpy5 .venv-bpy52 .venv-bpy53 virtual_conductor.egg-info
