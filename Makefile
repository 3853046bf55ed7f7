# Everything a person types. What each needs it makes first; a second call is instant.
# PYTHON=… chooses the interpreter; otherwise tools/make-venv takes the best that is here.

SHELL := /bin/sh
ROOMS := engine records forms processes signing exchange api web office
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet
ARGS ?=

.PHONY: help setup run test faults hosts fuzz check fmt machine

help:
	@echo 'make run     chạy Congvan (start everything, Ctrl-C stops it)'
	@echo 'make setup   chỉ cài đặt vào .venv (install only)'
	@echo 'make test    chạy kiểm thử (all tests; ARGS="-k inbox" for some)'
	@echo 'make check   định dạng, lint, kiểu, ranh giới (format, lint, types, layers)'
	@echo 'make fmt     sửa định dạng (format the code)'
	@echo 'make faults  kiểm thử sự cố kéo dài (long fault tests)'
	@echo 'make hosts   ba máy chủ dưới sự cố (three hosts; DOCUMENTS=500 FAULTS=20 SEED=7)'
	@echo 'make fuzz    dò lỗi bộ máy quy trình và gói tin 10 phút (search; SECONDS=60 SEED=7)'

# pip compiles what it installs, but not what it installs --editable; and Python may not be able to
# later: another account runs Congvan, or PYTHONDONTWRITEBYTECODE is set.
setup: $(VENV)/.setup
	@$(BIN)/python -m compileall -q $(ROOMS)

$(VENV)/.setup: requirements/run.txt pyproject.toml tools/make-venv
	@tools/make-venv $(VENV) "$(PYTHON)"
	@echo 'Đang cài thư viện… (installing)'
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.setup requirements/dev.txt
	@echo 'Đang cài công cụ kiểm thử… (installing the tools of the tests)'
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@

run: setup
	@exec $(BIN)/congvan run

machine:
	@tools/prepare-machine

test: $(VENV)/.dev machine
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not faults and not hosts' $(ARGS)

faults: $(VENV)/.dev
	$(BIN)/python -m pytest -m faults $(ARGS)

hosts: $(VENV)/.dev machine
	HOSTS_DOCUMENTS=$(or $(DOCUMENTS),500) HOSTS_FAULTS=$(or $(FAULTS),20) HOSTS_SEED=$(SEED) \
	  HOSTS_TOTALS=benchmarks/hosts.jsonl $(BIN)/python -m pytest -m hosts tests/hosts $(ARGS)

fuzz: $(VENV)/.dev
	$(BIN)/python tools/fuzz.py $(or $(SECONDS),600) $(SEED)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fmt: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix --select I .
