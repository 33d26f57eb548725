package httpapi

import (
	"encoding/json"
	"fmt"
	"sync"

	"gopkg.in/yaml.v3"
)

// contract is the OpenAPI document as JSON; it is kept as YAML because people read
// and review it. It is translated once: anybody may ask for it, and it is long.
var contract = sync.OnceValues(func() (json.RawMessage, error) {
	var v any
	if err := yaml.Unmarshal(document, &v); err != nil {
		return nil, fmt.Errorf("httpapi: openapi.yaml: %w", err)
	}
	return json.Marshal(v)
})
