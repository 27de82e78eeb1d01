# What CI runs, piece by piece. Everything here expects the development environment
# (`python3 manage.py test --version` makes it).

PYTHON ?= .venv/bin/python
export TOCSIN_NO_BOOTSTRAP = 1
ROOMS = accounts catalog chatops config detection incidents lib metrics notifications oncall outbox postmortems statuspage

.PHONY: check lint types floors migrations schema templates openapi

check: lint types floors templates migrations schema

lint:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy $(ROOMS) manage.py

floors:
	.venv/bin/lint-imports

# Every template compiles.
templates:
	$(PYTHON) manage.py check_templates

migrations:
	$(PYTHON) manage.py makemigrations --check --dry-run

# docs/reference/openapi.yaml is what the code says.
schema:
	@$(PYTHON) manage.py spectacular --fail-on-warn --validate --file .openapi.now.yaml
	@diff -u docs/reference/openapi.yaml .openapi.now.yaml | head -40; \
		cmp -s docs/reference/openapi.yaml .openapi.now.yaml; code=$$?; rm -f .openapi.now.yaml; \
		[ $$code = 0 ] || { echo "docs/reference/openapi.yaml is out of date: run make openapi"; exit 1; }

openapi:
	mkdir -p docs/reference
	$(PYTHON) manage.py spectacular --file docs/reference/openapi.yaml
