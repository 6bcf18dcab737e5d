package graph

import (
	"context"
	"slices"

	"github.com/m365-operator/m365-operator/internal/directory"
)

// UpdateUser writes the given attributes and nothing else, in one request; an empty
// value clears the attribute (https://learn.microsoft.com/graph/api/user-update).
func (c *Client) UpdateUser(ctx context.Context, id string, attributes directory.Attributes) (directory.Receipt, error) {
	if len(attributes) == 0 {
		return directory.Receipt{}, &directory.Error{Kind: directory.KindInvalid, Message: "no attribute to write"}
	}
	properties := make(map[string]any, len(attributes))
	for name, value := range attributes {
		if err := putAttribute(properties, name, value); err != nil {
			return directory.Receipt{}, err
		}
	}
	return c.patchUser(ctx, id, properties)
}

// putAttribute adds an attribute as Graph writes it. Others than those known are
// refused: the names come from us, and the permissions they need are documented.
func putAttribute(properties map[string]any, name directory.Attribute, value string) error {
	switch {
	case !slices.Contains(writableAttributes(), name):
		return &directory.Error{Kind: directory.KindInvalid, Message: "attribute " + string(name) + " is not written"}
	case name == directory.AttributeBusinessPhone && value == "":
		properties[string(name)] = []string{}
	case name == directory.AttributeBusinessPhone:
		properties[string(name)] = []string{value} // of which Graph allows one
	case value == "":
		properties[string(name)] = nil
	default:
		properties[string(name)] = value
	}
	return nil
}

func writableAttributes() []directory.Attribute {
	return []directory.Attribute{
		directory.AttributeDisplayName, directory.AttributeGivenName, directory.AttributeSurname,
		directory.AttributeJobTitle, directory.AttributeDepartment, directory.AttributeCompanyName,
		directory.AttributeOfficeLocation, directory.AttributeStreetAddress, directory.AttributeCity,
		directory.AttributeState, directory.AttributePostalCode, directory.AttributeCountry,
		directory.AttributeMobilePhone, directory.AttributeBusinessPhone, directory.AttributeUsageLocation,
		directory.AttributePreferredLanguage, directory.AttributeEmployeeID, directory.AttributeEmployeeType,
	}
}
