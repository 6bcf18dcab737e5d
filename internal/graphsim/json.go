package graphsim

import (
	"encoding/json"
	"fmt"
	"time"
)

// jsonMember is one name and value of a JSON object.
type jsonMember struct {
	name  string
	value any
}

// jsonObject writes a JSON object with its members in the order they are added,
// as Graph does; encoding/json would sort a map.
type jsonObject struct{ buf []byte }

func (o *jsonObject) add(name string, value any) {
	if o.buf == nil {
		o.buf = append(o.buf, '{')
	} else {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(o.buf, '"')
	o.buf = append(o.buf, name...)
	o.buf = append(o.buf, '"', ':')
	switch v := value.(type) {
	case nil:
		o.buf = append(o.buf, "null"...)
	case bool:
		o.buf = fmt.Appendf(o.buf, "%t", v)
	case time.Time:
		o.buf = append(o.buf, '"')
		o.buf = append(o.buf, graphTime(v)...)
		o.buf = append(o.buf, '"')
	case json.RawMessage:
		o.buf = append(o.buf, v...)
	default:
		o.buf = append(o.buf, mustJSON(v)...)
	}
}

func (o *jsonObject) bytes() json.RawMessage {
	if o.buf == nil {
		return json.RawMessage("{}")
	}
	return append(o.buf, '}')
}

// graphTime is the form of a DateTimeOffset: whole seconds, UTC.
func graphTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// mustJSON encodes values of the simulator's own making, which always encode.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("graphsim: encode %T: %v", v, err))
	}
	return raw
}
