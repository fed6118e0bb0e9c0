# `make check-deploy`, for the Makefile to include: what is deployed, checked by the tools of the trade.
.PHONY: check-deploy deploy-tools generate

deploy-tools:
	@sh deploy/tools.sh

generate: $(TEST_STAMP) ## Write the dashboard, the chart's copies and the table of its values anew
	@$(BIN)/python -m deploy.generate

check-deploy: $(TEST_STAMP) deploy-tools ## Check image, chart, rules, dashboard, compose file and unit
	@echo "playlista: checking what is deployed" && PYTHONPATH=daemon $(BIN)/python -m deploy.checks
