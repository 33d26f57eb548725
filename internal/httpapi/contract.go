package httpapi

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// contract is the OpenAPI document as a JSON value; it is kept as YAML because
// people read and review it.
func contract() (any, error) {
	var v any
	if err := yaml.Unmarshal(document, &v); err != nil {
		return nil, fmt.Errorf("httpapi: openapi.yaml: %w", err)
	}
	return v, nil
}
