package sdkspec_test

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// decode reads a body as the model says, and lists what the model does not know.
func decode(body []byte, model serialization.ParsableFactory) (serialization.Parsable, []string, error) {
	node, err := jsonserialization.NewJsonParseNodeFactory().GetRootParseNode("application/json", body)
	if err != nil {
		return nil, nil, err
	}
	value, err := node.GetObjectValue(model)
	if err != nil {
		return nil, nil, err
	}
	var unknown []string
	walk(value, "", func(path string, holder serialization.AdditionalDataHolder) {
		for name := range holder.GetAdditionalData() {
			if !annotation(name) && !lackedByModels(name) && !unmodelled(holder) {
				unknown = append(unknown, path+"."+name)
			}
		}
	})
	return value, unknown, nil
}

// annotation is what OData adds to an object or to one of its properties.
func annotation(name string) bool {
	return strings.Contains(name, "@odata.") || strings.HasSuffix(name, "@delta") || name == "@removed"
}

// lackedByModels are properties that Microsoft Graph sends and its own models do not
// know: of groups (github.com/microsoftgraph/msgraph-sdk-go issue 225), of role
// assignments (the examples of api/rbacapplication-list-roleassignments.md), and of
// rooms (in the metadata of v1.0, younger than the models).
func lackedByModels(name string) bool {
	switch name {
	case "resourceBehaviorOptions", "resourceProvisioningOptions", "principalOrganizationId", "resourceScope", "placeId", "teamsEnabledState":
		return true
	default:
		return false
	}
}

// unmodelled reports whether an element is of a type that the models know the base
// of only: external authentication methods.
func unmodelled(holder serialization.AdditionalDataHolder) bool {
	_, base := holder.(*models.AuthenticationMethod)
	return base
}

// walk visits a model and every model that its getters lead to.
func walk(value any, path string, visit func(path string, holder serialization.AdditionalDataHolder)) {
	if value == nil || reflect.ValueOf(value).Kind() == reflect.Pointer && reflect.ValueOf(value).IsNil() {
		return
	}
	if holder, ok := value.(serialization.AdditionalDataHolder); ok {
		visit(path, holder)
	}
	v := reflect.ValueOf(value)
	for i := range v.NumMethod() {
		method := v.Type().Method(i)
		if !strings.HasPrefix(method.Name, "Get") || method.Type.NumIn() != 1 || method.Type.NumOut() != 1 {
			continue
		}
		walkResult(v.Method(i).Call(nil)[0], path+"."+strings.TrimPrefix(method.Name, "Get"), visit)
	}
}

func walkResult(v reflect.Value, path string, visit func(path string, holder serialization.AdditionalDataHolder)) {
	switch v.Kind() { //nolint:exhaustive // the others hold nothing
	case reflect.Slice:
		for i := range v.Len() {
			walkResult(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Interface, reflect.Pointer:
		if v.IsNil() {
			return
		}
		if model, ok := v.Interface().(serialization.Parsable); ok {
			walk(model, path, visit)
		}
	}
}
