package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/navidrome/navidrome/plugins/pdk/go/host"
)

// errUnknown says that Playlista does not have a track, or has not analyzed it yet.
var errUnknown = errors.New("not known to Playlista, or not analyzed yet")

// track is a track in Playlista's answers: the fields of a TrackSummary that are used here.
type track struct {
	ID         int64   `json:"id"`
	Path       string  `json:"path"` // relative to Playlista's music folder
	Title      string  `json:"title"`
	Artist     string  `json:"artist"`
	Album      string  `json:"album"`
	MBID       string  `json:"musicbrainz_recording_id"`
	ISRC       string  `json:"isrc"`
	Seconds    float64 `json:"duration_seconds"`
	Similarity float64 `json:"similarity"` // 0..1, of similar tracks
}

type answer struct {
	Of     track   `json:"of"`
	Tracks []track `json:"tracks"`
}

// client asks one Playlista daemon.
type client struct {
	settings settings
	send     func(host.HTTPRequest) (*host.HTTPResponse, error)
}

// similar gives the tracks most like the first of the queries that Playlista knows; errUnknown where it knows none.
func (c client) similar(queries []url.Values, count int) (answer, error) {
	for _, query := range queries {
		query.Set("n", strconv.Itoa(min(max(count, 1), maxSimilar)))
		query.Set("per_artist", strconv.Itoa(c.settings.perArtist))
		found, err := c.get("similar", query)
		if !errors.Is(err, errUnknown) {
			return found, err
		}
	}
	return answer{}, errUnknown
}

// path gives a chain of about count tracks between two ids, both included.
func (c client) path(from, to int64, count int) ([]track, error) {
	query := url.Values{
		"from": {strconv.FormatInt(from, 10)},
		"to":   {strconv.FormatInt(to, 10)},
		"n":    {strconv.Itoa(min(max(count, minPath), maxPath))},
	}
	found, err := c.get("path", query)
	return found.Tracks, err
}

// get reads an answer of the API. An error names the address, and what to do.
func (c client) get(what string, query url.Values) (answer, error) {
	request := host.HTTPRequest{
		Method:    http.MethodGet,
		URL:       c.settings.url + "/api/v1/" + what + "?" + query.Encode(),
		Headers:   map[string]string{"Accept": "application/json"},
		TimeoutMs: c.settings.timeoutMs,
	}
	if c.settings.token != "" {
		request.Headers["Authorization"] = "Bearer " + c.settings.token
	}
	response, err := c.send(request)
	if err != nil {
		return answer{}, fmt.Errorf("playlista does not answer at %s (%w): start it, or correct the address in the settings of this plugin", c.settings.url, err)
	}
	return c.read(response)
}

func (c client) read(response *host.HTTPResponse) (answer, error) {
	var found answer
	switch response.StatusCode {
	case http.StatusOK:
		if err := json.Unmarshal(response.Body, &found); err != nil {
			return answer{}, fmt.Errorf("%s is not Playlista 0.2 or newer: correct the address in the settings of this plugin", c.settings.url)
		}
		return found, nil
	case http.StatusNotFound:
		if !json.Valid(response.Body) {
			return answer{}, fmt.Errorf("%s is not Playlista 0.2 or newer: correct the address in the settings of this plugin", c.settings.url)
		}
		return answer{}, errUnknown
	case http.StatusUnauthorized, http.StatusForbidden:
		return answer{}, fmt.Errorf("playlista at %s refuses the token: enter its AUTH_TOKEN in the settings of this plugin", c.settings.url)
	}
	return answer{}, fmt.Errorf("playlista at %s answers %d: %s", c.settings.url, response.StatusCode, firstLine(response.Body))
}

// firstLine keeps an answer to a line of the log.
func firstLine(body []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(body)), "\n")
	if len(line) > 200 {
		line = line[:200]
	}
	return strings.ToValidUTF8(line, "")
}
