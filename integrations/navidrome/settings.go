package main

import (
	"strconv"
	"strings"
)

const (
	defaultURL            = "http://playlista:9345"
	defaultTimeoutSeconds = 5
	maxTimeoutSeconds     = 60
	// What Playlista's API allows.
	maxSimilar = 200
	minPath    = 3
	maxPath    = 50
)

// settings are what the administrator entered; manifest.json describes them.
type settings struct {
	url          string // without a slash at its end
	token        string // "" where Playlista has none
	timeoutMs    int32
	perArtist    int // 0: any number
	removePrefix string
	addPrefix    string
}

// readSettings takes the settings from get, which tells the value of a key and whether there is one. What is missing or
// out of range gets its default.
func readSettings(get func(key string) (string, bool)) settings {
	text := func(key string) string {
		value, _ := get(key)
		return strings.TrimSpace(value)
	}
	number := func(key string, least, most, otherwise int) int {
		value, err := strconv.Atoi(text(key))
		if err != nil || value < least || value > most {
			return otherwise
		}
		return value
	}
	url := strings.TrimRight(text("url"), "/")
	if url == "" {
		url = defaultURL
	}
	return settings{
		url:          url,
		token:        text("token"),
		timeoutMs:    int32(number("timeoutSeconds", 1, maxTimeoutSeconds, defaultTimeoutSeconds) * 1000),
		perArtist:    number("perArtist", 0, maxSimilar, 0),
		removePrefix: strings.Trim(text("removePrefix"), "/"),
		addPrefix:    strings.Trim(text("addPrefix"), "/"),
	}
}

// theirPath is the path of a track in Playlista's music folder, from its path in Navidrome's.
func (s settings) theirPath(path string) string {
	if rest, found := strings.CutPrefix(path, s.removePrefix+"/"); found && s.removePrefix != "" {
		path = rest
	}
	if s.addPrefix != "" {
		path = s.addPrefix + "/" + path
	}
	return path
}
