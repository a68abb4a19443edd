//go:build tools

// Package tools names the upstream main packages that this module exists to build.
package tools

import (
	_ "github.com/distribution/distribution/v3/cmd/registry"
)
