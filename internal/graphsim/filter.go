package graphsim

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// properties are the values of a resource that a $filter may ask for.
type properties interface {
	get(p propID) (any, bool)
}

// predicate decides whether a resource matches a $filter.
type predicate func(properties) bool

// parseFilter compiles the part of OData's filter language that clients of
// directory collections use. What a property or a plain query does not support is
// refused as Graph refuses it (concepts/filter-query-parameter.md,
// aad-advanced-queries.md).
func parseFilter(raw string, schema *entitySchema, advanced bool) (predicate, error) {
	if strings.TrimSpace(raw) == "" {
		return nil, nil //nolint:nilnil // no filter is no error
	}
	tokens, err := lexFilter(raw)
	if err != nil {
		return nil, odataBadRequest("Invalid filter clause: " + err.Error())
	}
	p := &filterParser{tokens: tokens, schema: schema, advanced: advanced}
	pred, err := p.or()
	if err == nil && !p.done() {
		err = p.syntax()
	}
	if err != nil {
		var refused *graphError
		if errors.As(err, &refused) {
			return nil, refused
		}
		return nil, odataBadRequest("Invalid filter clause: " + err.Error())
	}
	return pred, nil
}

type filterParser struct {
	tokens   []filterToken
	pos      int
	schema   *entitySchema
	advanced bool
}

func (p *filterParser) done() bool { return p.pos >= len(p.tokens) }

func (p *filterParser) peek() filterToken {
	if p.done() {
		return filterToken{}
	}
	return p.tokens[p.pos]
}

func (p *filterParser) next() filterToken {
	t := p.peek()
	p.pos++
	return t
}

// word consumes a keyword, symbol or name if it comes next.
func (p *filterParser) word(text string) bool {
	t := p.peek()
	if t.kind == tokenWord && strings.EqualFold(t.text, text) {
		p.pos++
		return true
	}
	return false
}

func (p *filterParser) syntax() error {
	return errors.New("Syntax error at position " + strconv.Itoa(p.peek().at) + ".")
}

func (p *filterParser) or() (predicate, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right predicate
		if right, err = p.and(); err == nil {
			l := left
			left = func(r properties) bool { return l(r) || right(r) }
		}
	}
	return left, err
}

func (p *filterParser) and() (predicate, error) {
	left, err := p.unary()
	for err == nil && p.word("and") {
		var right predicate
		if right, err = p.unary(); err == nil {
			l := left
			left = func(r properties) bool { return l(r) && right(r) }
		}
	}
	return left, err
}

func (p *filterParser) unary() (predicate, error) {
	switch {
	case p.word("not"):
		if !p.advanced {
			return nil, unsupportedQuery("Unsupported property filter clause operator 'Not'.")
		}
		inner, err := p.unary()
		if err != nil {
			return nil, err
		}
		return func(r properties) bool { return !inner(r) }, nil
	case p.word("("):
		inner, err := p.or()
		if err == nil && !p.word(")") {
			err = p.syntax()
		}
		return inner, err
	case p.peek().kind == tokenWord:
		return p.clause()
	default:
		return nil, p.syntax()
	}
}

// clause is a function call, a comparison, an in list, or any() over strings.
func (p *filterParser) clause() (predicate, error) {
	name := p.next().text
	switch strings.ToLower(name) {
	case "startswith", "endswith", "contains":
		if p.word("(") {
			return p.function(strings.ToLower(name))
		}
	}
	if collection, lambda, ok := strings.Cut(name, "/"); ok && strings.EqualFold(lambda, "any") && p.word("(") {
		return p.lambda(collection)
	}
	prop, err := p.property(name)
	if err != nil {
		return nil, err
	}
	op := strings.ToLower(p.next().text)
	if op == "in" {
		return p.in(prop)
	}
	value, err := p.literal(prop)
	if err != nil {
		return nil, err
	}
	return p.compare(prop, op, value)
}

func (p *filterParser) property(name string) (propID, error) {
	prop, ok := p.schema.lookup(name)
	if !ok {
		return 0, odataBadRequest("Invalid filter clause: Could not find a property named '" + name + "' on type '" + p.schema.typeName + "'.")
	}
	def := &p.schema.props[prop]
	if def.is(filterable|filterEq) || def.is(filterAdv) && p.advanced {
		return prop, nil
	}
	if def.name == "signInActivity" {
		return 0, notSimulated("$filter on signInActivity")
	}
	return 0, p.unsupported(def)
}

func (p *filterParser) unsupported(def *property) error {
	return unsupportedQuery("Unsupported or invalid query filter clause specified for property '" + def.name + "' of resource '" + p.schema.label + "'.")
}

func (p *filterParser) function(name string) (predicate, error) {
	arg := p.next().text
	prop, err := p.property(arg)
	if err != nil {
		return nil, err
	}
	def := &p.schema.props[prop]
	switch {
	case name == "contains":
		return nil, unsupportedQuery("Unsupported property filter clause operator 'Contains'.")
	case def.kind != kindString || def.is(filterEq) || prop == propObjectID:
		return nil, p.unsupported(def)
	case name == "endswith" && (!p.advanced || !def.is(filterEnds)):
		return nil, unsupportedQuery("Operator 'EndsWith' is not supported because the 'ConsistencyLevel:eventual' header is missing. Refer to https://aka.ms/graph-docs/advanced-queries for more information")
	}
	if !p.word(",") {
		return nil, p.syntax()
	}
	value := p.next()
	if value.kind != tokenString || !p.word(")") {
		return nil, p.syntax()
	}
	want, match := strings.ToLower(value.text), strings.HasPrefix
	if name == "endswith" {
		match = strings.HasSuffix
	}
	return func(r properties) bool { return match(strings.ToLower(textOf(r, prop)), want) }, nil
}

// lambda reads any(x:x eq 'value') and any(x:startswith(x,'value')) over a
// collection of strings.
func (p *filterParser) lambda(collection string) (predicate, error) {
	prop, err := p.property(collection)
	if err != nil {
		return nil, err
	}
	if p.schema.props[prop].kind != kindStrings {
		return nil, unsupportedQuery("Complex query on property " + p.schema.props[prop].name + " is not supported.")
	}
	variable := p.next().text
	if !p.word(":") {
		return nil, p.syntax()
	}
	match := strings.EqualFold
	ok := p.word(variable) && p.word("eq")
	if !ok && p.word("startswith") {
		ok = p.word("(") && p.word(variable) && p.word(",")
		match = func(s, prefix string) bool { return strings.HasPrefix(strings.ToLower(s), strings.ToLower(prefix)) }
	}
	value := p.next()
	if !ok || value.kind != tokenString {
		return nil, p.syntax()
	}
	for p.word(")") { // of startswith, and of any
	}
	return func(r properties) bool {
		v, _ := r.get(prop)
		list, _ := v.([]string)
		for _, s := range list {
			if match(s, value.text) {
				return true
			}
		}
		return false
	}, nil
}

func (p *filterParser) in(prop propID) (predicate, error) {
	if !p.word("(") {
		return nil, p.syntax()
	}
	var values []any
	for {
		v, err := p.literal(prop)
		if err != nil {
			return nil, err
		}
		values = append(values, v)
		if p.word(")") {
			break
		}
		if !p.word(",") {
			return nil, p.syntax()
		}
	}
	if len(values) > 15 {
		return nil, unsupportedQuery("Too many child clauses specified in search filter expression containing 'OR' operators: " + itoa(uint64(len(values))) + ". Max allowed: 15.")
	}
	return func(r properties) bool {
		have, _ := r.get(prop)
		for _, v := range values {
			if equalValue(have, v) {
				return true
			}
		}
		return false
	}, nil
}

// literal reads a value of the property's type.
func (p *filterParser) literal(prop propID) (any, error) {
	t := p.next()
	if t.kind == tokenWord && strings.EqualFold(t.text, "null") {
		return nil, nil
	}
	def := &p.schema.props[prop]
	if def.kind == kindString && t.kind == tokenString {
		return t.text, nil
	}
	if def.kind == kindStrings || def.kind == kindObject {
		return nil, p.unsupported(def)
	}
	if value, ok := def.kind.word(t.text); ok && t.kind == tokenWord {
		return value, nil
	}
	return nil, errors.New("A binary operator with incompatible types was detected.") //nolint:revive,staticcheck // Graph's words
}

// word reads a value that is written without quotes.
func (k propKind) word(text string) (value any, ok bool) {
	var err error
	switch k {
	case kindBool:
		return strings.EqualFold(text, "true"), strings.EqualFold(text, "true") || strings.EqualFold(text, "false")
	case kindTime:
		value, err = time.Parse(time.RFC3339, text)
	case kindInt:
		value, err = strconv.Atoi(text)
	case kindGUID:
		value, err = text, uuid.Validate(text)
	default:
		return nil, false
	}
	return value, err == nil
}

func (p *filterParser) compare(prop propID, op string, value any) (predicate, error) {
	switch op {
	case "eq":
		return func(r properties) bool { have, _ := r.get(prop); return equalValue(have, value) }, nil
	case "ne":
		if !p.advanced {
			return nil, unsupportedQuery("Unsupported property filter clause operator 'NotEqualsMatch'.")
		}
		return func(r properties) bool { have, _ := r.get(prop); return !equalValue(have, value) }, nil
	case "ge", "le":
		if p.schema.props[prop].is(filterEq) {
			return nil, p.unsupported(&p.schema.props[prop])
		}
		return func(r properties) bool {
			have, _ := r.get(prop)
			order, ok := orderValues(have, value)
			return ok && (op == "ge" && order >= 0 || op == "le" && order <= 0)
		}, nil
	case "gt", "lt":
		return nil, unsupportedQuery("Unsupported property filter clause operator '" + map[string]string{"gt": "GreaterThan", "lt": "LessThan"}[op] + "'.")
	default:
		return nil, p.syntax()
	}
}

// textOf is the value of a text property, or "" when it was never set.
func textOf(r properties, prop propID) string {
	v, _ := r.get(prop)
	s, _ := v.(string)
	return s
}

// equalValue compares as the directory does: strings without regard to case, and
// what was never set is null.
func equalValue(have, want any) bool {
	if h, ok := have.(string); ok {
		w, ok := want.(string)
		return ok && strings.EqualFold(h, w)
	}
	return sameValue(have, want)
}

func orderValues(have, want any) (int, bool) {
	switch h := have.(type) {
	case string:
		w, ok := want.(string)
		return strings.Compare(strings.ToLower(h), strings.ToLower(w)), ok
	case time.Time:
		w, ok := want.(time.Time)
		return h.Compare(w), ok
	default:
		return 0, false
	}
}
