# Two commands on a fresh machine: `make run` and `make test`. Everything they need goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SETUP := $(VENV)/.set-up

.PHONY: run demo test unit trial types style format coverage simulate simulate-faults clean

run: $(SETUP)
	$(BIN)/twistd -n medappt-clinic

demo: $(SETUP)
	$(BIN)/medappt demo
	$(BIN)/medappt demo --federation

test: style types coverage trial

# every test; the branches of the four rooms below must all have been taken
coverage: $(SETUP)
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=100 \
		--include='medappt/model/*,medappt/wire/*,medappt/center/*,medappt/doctor/*'

# the unit tests once more, under Twisted's own runner
trial: $(SETUP)
	$(BIN)/trial tests.model tests.wire tests.role tests.store tests.center tests.doctor tests.patient tests.federation tests.commands tests.contract tests.transcripts tests.test_architecture tests.test_samples tests.test_clinic tests.test_cli tests.machines tests.simulation

# histories of three cities in bad weather: SEEDS=1000 of them (from FIRST=0 on), or as many fresh
# ones as MINUTES=5 allow; SEED=123 tells the story of one (with FAULT=name, of one with a fault)
SEEDS ?= 100
FIRST ?= 0
simulate: $(SETUP)
ifdef SEED
	@$(BIN)/python -m tests.simulation --seed $(SEED) $(if $(FAULT),--fault $(FAULT))
else ifdef MINUTES
	@$(BIN)/python -m tests.simulation --minutes $(MINUTES)
else
	@$(BIN)/python -m tests.simulation --first $(FIRST) --seeds $(SEEDS)
endif

# each planted fault must be found within 60 histories; RECORDED=yes replays the seeds that found them
simulate-faults: $(SETUP)
	@$(BIN)/python -m tests.simulation $(if $(RECORDED),--recorded,--faults)

types: $(SETUP)
	$(BIN)/mypy

style: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(SETUP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[test]'
	touch $@

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis _trial_temp* build dist *.egg-info
