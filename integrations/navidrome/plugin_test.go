package main

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/navidrome/navidrome/plugins/pdk/go/host"
	"github.com/navidrome/navidrome/plugins/pdk/go/metadata"
	"github.com/navidrome/navidrome/plugins/pdk/go/pdk"
	"github.com/navidrome/navidrome/plugins/pdk/go/sonicsimilarity"
	"github.com/navidrome/navidrome/plugins/pdk/go/types"
)

var library = []*types.Track{
	{ID: "a", Path: "Band/Album/01 One.flac", Title: "One", Artist: "Band", Tags: map[string][]string{"isrc": {"DEA012300001"}}},
	{ID: "b", Path: "Band/Album/02 Two.flac", Title: "Two", Artist: "Band"},
	{ID: "b-live", Path: "Band/Live/07 Two.flac", Title: "Two", Artist: "Band"},
	{ID: "c", Path: "Various/Someone - Three.mp3", Title: "Someone - Three", Artist: unknownArtist},
}

// inLibrary finds songs as Navidrome does: by id, else the first with the title and artist.
func inLibrary(songs []types.SongRef) ([]*types.Track, error) {
	found := make([]*types.Track, len(songs))
	for i, song := range songs {
		for _, one := range library {
			if one.ID == song.ID || (song.ID == "" && one.Title == song.Name && one.Artist == song.Artist) {
				found[i] = one
				break
			}
		}
	}
	return found, nil
}

// daemon answers requests whose address, from the API on, is a key; others with 404. It notes what was asked.
type daemon struct {
	answers map[string]string
	asked   []host.HTTPRequest
	logged  []string
}

func (d *daemon) plugin(config map[string]string) plugin {
	send := func(request host.HTTPRequest) (*host.HTTPResponse, error) {
		d.asked = append(d.asked, request)
		address, _ := url.QueryUnescape(request.URL[strings.Index(request.URL, "/api/v1/")+8:])
		if body, found := d.answers[address]; found {
			return &host.HTTPResponse{StatusCode: 200, Body: []byte(body)}, nil
		}
		return &host.HTTPResponse{StatusCode: 404, Body: []byte(`{"error": "no such track"}`)}, nil
	}
	return d.pluginThat(send, config)
}

func (d *daemon) pluginThat(send func(host.HTTPRequest) (*host.HTTPResponse, error), config map[string]string) plugin {
	get := func(key string) (string, bool) { value, found := config[key]; return value, found }
	return plugin{
		client: func() client { return client{settings: readSettings(get), send: send} },
		match:  inLibrary,
		log:    func(_ pdk.LogLevel, line string) { d.logged = append(d.logged, line) },
	}
}

const oneLikeTwo = `{"of": {"id": 1}, "tracks": [{"id": 2, "path": "Band/Album/02 Two.flac", "title": "Two", "artist": "Band", "similarity": 0.75}]}`

func TestASongIsNamedByItsPathFirst(t *testing.T) {
	d := &daemon{answers: map[string]string{"similar?n=10&path=Band/Album/01 One.flac&per_artist=0": oneLikeTwo}}
	response, err := d.plugin(nil).GetSonicSimilarTracks(sonicsimilarity.GetSonicSimilarTracksRequest{
		Song: types.SongRef{ID: "a", Name: "One", Artist: "Band", MBID: "1234"}, Count: 10,
	})
	if err != nil || len(response.Matches) != 1 || len(d.asked) != 1 {
		t.Fatalf("%v after %d requests, %v", response, len(d.asked), err)
	}
	if match := response.Matches[0]; match.Song.ID != "b" || match.Similarity != 0.75 {
		t.Errorf("%v", match)
	}
}

func TestASongAtAnotherPathIsNamedByMusicBrainzIdThenIsrcThenNames(t *testing.T) {
	song := types.SongRef{ID: "a", Name: "One", Artist: "Band & Guest", Artists: []types.ArtistRef{{Name: "Band"}}, MBID: "1234"}
	var asked []string
	for _, query := range queries(song, library[0], settings{}) {
		asked = append(asked, query.Encode())
	}
	expected := "path=Band%2FAlbum%2F01+One.flac mbid=1234 isrc=DEA012300001 artist=Band+%26+Guest&title=One artist=Band&title=One"
	if strings.Join(asked, " ") != expected {
		t.Errorf("%v", asked)
	}
}

func TestPrefixesTurnNavidromesPathIntoPlaylistas(t *testing.T) {
	for _, one := range []struct{ remove, add, path string }{
		{"", "", "flac/A/b.flac"},
		{"flac", "", "A/b.flac"},
		{"/flac/", "", "A/b.flac"},
		{"", "music", "music/flac/A/b.flac"},
		{"flac", "lossless", "lossless/A/b.flac"},
		{"fl", "", "flac/A/b.flac"},
	} {
		config := map[string]string{"removePrefix": one.remove, "addPrefix": one.add}
		s := readSettings(func(key string) (string, bool) { return config[key], true })
		if path := s.theirPath("flac/A/b.flac"); path != one.path {
			t.Errorf("%v gives %q", one, path)
		}
	}
}

func TestOfTwoSongsWithOneNameTheOneAtTheSamePathIsGiven(t *testing.T) {
	refs, err := songs([]track{{Path: "music/Band/Album/02 Two.flac", Title: "Two", Artist: "Band"}}, inLibrary)
	if err != nil || refs[0].ID != "b" {
		t.Errorf("%v %v", refs, err)
	}
	refs, _ = songs([]track{{Path: "Elsewhere/Two.mp3", Title: "Two", Artist: "Band", MBID: "m", ISRC: "i", Album: "Album", Seconds: 61.5}}, inLibrary)
	if ref := refs[0]; ref.ID != "" || ref.MBID != "m" || ref.ISRC != "i" || ref.Album != "Album" || ref.DurationMs != 61500 {
		t.Errorf("%v", ref)
	}
}

func TestAFileWithoutTagsIsFoundByItsPath(t *testing.T) {
	refs, err := songs([]track{{Path: "Various/Someone - Three.mp3", Title: "Three", Artist: "Someone"}}, inLibrary)
	if err != nil || refs[0].ID != "c" {
		t.Errorf("%v %v", refs, err)
	}
}

func TestAnInstantMixHasTheSimilarSongs(t *testing.T) {
	d := &daemon{answers: map[string]string{"similar?n=50&path=Band/Album/01 One.flac&per_artist=2": oneLikeTwo}}
	response, err := d.plugin(map[string]string{"perArtist": "2", "token": "secret", "timeoutSeconds": "7"}).GetSimilarSongsByTrack(
		metadata.SimilarSongsByTrackRequest{ID: "a", Name: "One", Artist: "Band", Count: 50})
	if err != nil || len(response.Songs) != 1 || response.Songs[0].ID != "b" {
		t.Fatalf("%v %v", response, err)
	}
	if d.asked[0].TimeoutMs != 7000 || d.asked[0].Headers["Authorization"] != "Bearer secret" {
		t.Errorf("%v", d.asked[0])
	}
}

func TestAPathHasBothEndsAndNoSimilarity(t *testing.T) {
	d := &daemon{answers: map[string]string{
		"similar?n=1&path=Band/Album/01 One.flac&per_artist=0": `{"of": {"id": 1}, "tracks": []}`,
		"similar?n=1&path=Band/Live/07 Two.flac&per_artist=0":  `{"of": {"id": 3}, "tracks": []}`,
		"path?from=1&n=25&to=3": `{"tracks": [{"path": "Band/Album/01 One.flac", "title": "One", "artist": "Band", "step": 0},
			{"path": "Band/Live/07 Two.flac", "title": "Two", "artist": "Band", "step": 1}]}`,
	}}
	response, err := d.plugin(nil).FindSonicPath(sonicsimilarity.FindSonicPathRequest{
		StartSong: types.SongRef{ID: "a", Name: "One"}, EndSong: types.SongRef{ID: "b-live", Name: "Two"}, Count: 25,
	})
	if err != nil || len(response.Matches) != 2 || response.Matches[0].Song.ID != "a" || response.Matches[1].Similarity != -1 {
		t.Fatalf("%v %v", response, err)
	}
}

func TestASongThatPlaylistaDoesNotKnowIsLoggedAndNoError(t *testing.T) {
	d := &daemon{}
	response, err := d.plugin(nil).GetSimilarSongsByTrack(metadata.SimilarSongsByTrackRequest{ID: "a", Name: "One", Artist: "Band"})
	if response != nil || err != nil {
		t.Errorf("%v %v", response, err)
	}
	if len(d.logged) != 1 || d.logged[0] != `"One" by "Band": not known to Playlista, or not analyzed yet` {
		t.Errorf("%v", d.logged)
	}
}

func TestWhatGoesWrongIsOneLineThatNamesTheAddress(t *testing.T) {
	for expected, send := range map[string]func(host.HTTPRequest) (*host.HTTPResponse, error){
		"does not answer at http://nas:9345 (connection refused)": func(host.HTTPRequest) (*host.HTTPResponse, error) {
			return nil, errors.New("connection refused")
		},
		"at http://nas:9345 refuses the token":                    reply(401, `{"error": "a token is needed"}`),
		"http://nas:9345 is not Playlista":                        reply(200, "<html>"),
		"at http://nas:9345 answers 503: the index is being made": reply(503, "the index is being made\nmore"),
	} {
		d := &daemon{}
		_, err := d.pluginThat(send, map[string]string{"url": "http://nas:9345/"}).GetSonicSimilarTracks(
			sonicsimilarity.GetSonicSimilarTracksRequest{Song: types.SongRef{ID: "a", Name: "One"}, Count: 5})
		if err == nil || !strings.Contains(err.Error(), expected) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q, not %q", err, expected)
		}
		if len(d.logged) != 1 {
			t.Errorf("logged %v", d.logged)
		}
	}
}

func reply(status int32, body string) func(host.HTTPRequest) (*host.HTTPResponse, error) {
	return func(host.HTTPRequest) (*host.HTTPResponse, error) {
		return &host.HTTPResponse{StatusCode: status, Body: []byte(body)}, nil
	}
}

func TestSettingsOutOfRangeGetTheirDefaults(t *testing.T) {
	for _, value := range []string{"", "0", "61", "soon"} {
		s := readSettings(func(string) (string, bool) { return value, true })
		if s.timeoutMs != 5000 {
			t.Errorf("%q gives %d", value, s.timeoutMs)
		}
	}
	if s := readSettings(func(string) (string, bool) { return "", false }); s.url != defaultURL {
		t.Errorf("%q", s.url)
	}
}
