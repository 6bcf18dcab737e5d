package graphsim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// jsonMember is one name and value of a JSON object.
type jsonMember struct {
	name  string
	value any
}

// jsonObject writes a JSON object with its members in the order they are added,
// as Graph does; encoding/json would sort a map.
type jsonObject struct{ buf []byte }

// add writes a member. A page of a thousand accounts has tens of thousands of values: the common ones are
// written without reflection, and what is JSON already is not read again.
func (o *jsonObject) add(name string, value any) {
	if len(o.buf) == 0 {
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
		o.buf = strconv.AppendBool(o.buf, v)
	case string:
		o.buf = appendString(o.buf, v)
	case time.Time:
		o.buf = append(o.buf, '"')
		o.buf = v.UTC().AppendFormat(o.buf, graphTimeLayout)
		o.buf = append(o.buf, '"')
	case []string:
		o.buf = appendArray(o.buf, v, appendString)
	case json.RawMessage:
		o.buf = append(o.buf, v...)
	case []json.RawMessage:
		o.buf = slices.Grow(o.buf, arraySize(v))
		o.buf = appendArray(o.buf, v, func(to []byte, element json.RawMessage) []byte { return append(to, element...) })
	default:
		o.buf = append(o.buf, mustJSON(v)...)
	}
}

func (o *jsonObject) bytes() json.RawMessage {
	if len(o.buf) == 0 {
		return json.RawMessage("{}")
	}
	return append(o.buf, '}')
}

// usualMember is room for most members of an object.
const usualMember = 48

// newObject has room for so many members.
func newObject(members int) jsonObject { return jsonObject{make([]byte, 0, members*usualMember)} }

// arraySize is how long the array of these elements is.
func arraySize(elements []json.RawMessage) int {
	size := len("[]")
	for _, element := range elements {
		size += len(element) + 1
	}
	return size
}

// appendArray writes a JSON array; nil is null, as encoding/json has it.
func appendArray[E any](to []byte, elements []E, appendElement func([]byte, E) []byte) []byte {
	if elements == nil {
		return append(to, "null"...)
	}
	to = append(to, '[')
	for i, element := range elements {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendElement(to, element)
	}
	return append(to, ']')
}

// appendString quotes a string as encoding/json does.
func appendString(to []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c >= utf8.RuneSelf, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return append(to, mustJSON(s)...)
		}
	}
	to = append(to, '"')
	to = append(to, s...)
	return append(to, '"')
}

// graphTime is the form of a DateTimeOffset: whole seconds, UTC.
func graphTime(t time.Time) string { return t.UTC().Format(graphTimeLayout) }

const graphTimeLayout = "2006-01-02T15:04:05Z"

// mustJSON encodes values of the simulator's own making, which always encode.
func mustJSON(v any) json.RawMessage {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("graphsim: encode %T: %v", v, err))
	}
	return raw
}
