#!/usr/bin/env bash
# Every text with commands in it: tests/cases, the API's manual.
exec tests/transcript tests/cases/*.case runtime/API.md
