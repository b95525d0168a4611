# The five things one does here. Everything else is cargo.

.PHONY: setup run test e2e bench

# Installs what is missing; quick when nothing is.
setup:
	@bash fixtures/setup.sh

# Serves on the loopback, with its ledger in ./data.
run: setup
	cargo build --release --bin deed --bin deed-verify
	target/release/deed serve --data data

# Stops the engine that tests started, however they end.
stop_engine = trap 'bash fixtures/engine.sh stop' EXIT; trap 'exit 130' INT TERM

# The whole gate: format, lints, tests, documents, licences.
test: setup
	@$(stop_engine); cargo gate

# The crash, simulation and Schemathesis suites, with far more rounds than the gate runs.
e2e: setup
	@$(stop_engine); DEED_SIMULATION_SEEDS=$${DEED_SIMULATION_SEEDS:-20000} DEED_CRASH_ROUNDS=$${DEED_CRASH_ROUNDS:-200} \
		DEED_SCHEMATHESIS_EXAMPLES=$${DEED_SCHEMATHESIS_EXAMPLES:-30} cargo gate --only soak

bench: setup
	cargo bench
	bash api/benches/postgres.sh
