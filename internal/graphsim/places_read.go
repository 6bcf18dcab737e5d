package graphsim

import "cmp"

// placesPage is the number of rooms on a page without $top (api/place-list.md); how
// much $top may ask for is not documented.
const (
	placesPage    = 100
	placesMaxPage = 1000
)

// roomSchema is resources/room.md.
func roomSchema() *entitySchema {
	var props []property
	for _, name := range []string{"id", "displayName", "emailAddress", "building", "bookingType", "label", "nickname", "phone", "placeId", "parentId", "floorLabel", "audioDeviceName", "videoDeviceName", "displayDeviceName", "teamsEnabledState"} {
		props = append(props, property{name: name, flags: inDefault | filterEq})
	}
	return newEntitySchema("microsoft.graph.room", "Room", append(props,
		property{name: "capacity", kind: kindInt, flags: inDefault}, property{name: "floorNumber", kind: kindInt, flags: inDefault},
		property{name: "isWheelChairAccessible", kind: kindBool, flags: inDefault | filterEq},
		property{name: "tags", kind: kindStrings, flags: inDefault}, property{name: "address", kind: kindObject, flags: inDefault},
		property{name: "geoCoordinates", kind: kindObject, flags: inDefault}))
}

// listRooms: api/place-list.md.
func listRooms(c *call) (*response, error) {
	var rows []row
	for _, r := range c.tenant.rooms {
		id := cmp.Or(r.ID, guid(c.tenant.seed, c.tenant.id, "room", canonicalUPN(r.EmailAddress)))
		rows = append(rows, r.row(id))
	}
	l := &listing{
		schema: c.srv.types.room, context: "places/microsoft.graph.room", page: placesPage, maxTop: placesMaxPage,
		skip: true, count: countPlain, absent: []string{"orderby", "search", "expand"},
	}
	return c.list(l.rows(rows))
}

// row leaves null what nobody set.
func (r RoomSpec) row(id string) row {
	known := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	var capacity, floor any
	if r.Capacity != 0 {
		capacity = r.Capacity
	}
	if r.FloorNumber != 0 {
		floor = r.FloorNumber
	}
	return row{
		id, r.DisplayName, r.EmailAddress, known(r.Building), "standard", nil, r.DisplayName, nil, id, nil, nil, nil, nil, nil, "disabled",
		capacity, floor, false,
		[]string{},
		nil, nil,
	}
}
