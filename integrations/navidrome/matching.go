package main

import (
	"net/url"
	"path"
	"strings"

	"github.com/navidrome/navidrome/plugins/pdk/go/types"
)

// unknownArtist is what Navidrome calls the artist of a file without tags.
const unknownArtist = "[Unknown Artist]"

// matcher finds songs in Navidrome's library; the n-th answer, nil where there is none, belongs to the n-th song.
type matcher func(songs []types.SongRef) ([]*types.Track, error)

// queries name a song to Playlista, the surest first: by path, MusicBrainz id, ISRC, artist and title.
func queries(song types.SongRef, known *types.Track, s settings) []url.Values {
	var all []url.Values
	add := func(key, value string) {
		if value != "" {
			all = append(all, url.Values{key: {value}})
		}
	}
	if known != nil && known.Path != "" {
		add("path", s.theirPath(known.Path))
	}
	add("mbid", song.MBID)
	add("isrc", isrc(song, known))
	for _, artist := range artists(song) {
		all = append(all, url.Values{"artist": {artist}, "title": {song.Name}})
	}
	return all
}

func isrc(song types.SongRef, known *types.Track) string {
	if song.ISRC == "" && known != nil && len(known.Tags["isrc"]) > 0 {
		return known.Tags["isrc"][0]
	}
	return song.ISRC
}

// artists are the names under which a song may be known: the artist as it is written in the file, then the first one.
func artists(song types.SongRef) []string {
	if song.Name == "" {
		return nil
	}
	var names []string
	if song.Artist != "" {
		names = append(names, song.Artist)
	}
	if len(song.Artists) > 0 && song.Artists[0].Name != "" && song.Artists[0].Name != song.Artist {
		names = append(names, song.Artists[0].Name)
	}
	return names
}

// songs are Playlista's tracks as Navidrome finds them: with the id of the track at the same path where there is one,
// else with what Navidrome matches by: MusicBrainz id, ISRC, artist, title, album and duration.
func songs(tracks []track, match matcher) ([]types.SongRef, error) {
	refs := make([]types.SongRef, len(tracks))
	for i, one := range tracks {
		refs[i] = reference(one)
	}
	matched, err := match(refs)
	if err != nil {
		return refs, err
	}
	var elsewhere []int
	for i, found := range matched {
		if found != nil && samePath(found.Path, tracks[i].Path) {
			refs[i].ID = found.ID
		} else {
			elsewhere = append(elsewhere, i)
		}
	}
	return refs, findUntagged(tracks, refs, elsewhere, match)
}

// findUntagged looks for the songs at the places `at` under the names that Navidrome gives to files without tags.
func findUntagged(tracks []track, refs []types.SongRef, at []int, match matcher) error {
	if len(at) == 0 {
		return nil
	}
	asked := make([]types.SongRef, len(at))
	for n, i := range at {
		name := path.Base(tracks[i].Path)
		asked[n] = reference(track{
			Title:   strings.TrimSuffix(name, path.Ext(name)),
			Artist:  unknownArtist,
			Seconds: tracks[i].Seconds,
		})
	}
	matched, err := match(asked)
	if err != nil {
		return err
	}
	for n, found := range matched {
		if found != nil && samePath(found.Path, tracks[at[n]].Path) {
			refs[at[n]].ID = found.ID
		}
	}
	return nil
}

func reference(one track) types.SongRef {
	return types.SongRef{
		Name:       one.Title,
		MBID:       one.MBID,
		ISRC:       one.ISRC,
		Artist:     one.Artist,
		Album:      one.Album,
		DurationMs: uint32(max(one.Seconds, 0) * 1000),
	}
}

// samePath tells whether two paths name one file, where one of the music folders may lie within the other.
func samePath(one, other string) bool {
	if len(one) < len(other) {
		one, other = other, one
	}
	return other != "" && (one == other || strings.HasSuffix(one, "/"+other))
}
