// The plugin of Playlista for Navidrome: Instant Mix, sonically similar tracks and sonic paths.
//
// Input: requests of Navidrome with a song, or two. Output: songs that Playlista says are like it, in a form that
// Navidrome finds in its library. What fails is one line in Navidrome's log.
package main

import (
	"errors"
	"fmt"

	"github.com/navidrome/navidrome/plugins/pdk/go/host"
	"github.com/navidrome/navidrome/plugins/pdk/go/metadata"
	"github.com/navidrome/navidrome/plugins/pdk/go/pdk"
	"github.com/navidrome/navidrome/plugins/pdk/go/sonicsimilarity"
	"github.com/navidrome/navidrome/plugins/pdk/go/types"
)

var (
	_ sonicsimilarity.SonicSimilarity      = plugin{}
	_ metadata.SimilarSongsByTrackProvider = plugin{}
)

// notCompared is OpenSubsonic's similarity of a song where none is told.
const notCompared = -1

func init() {
	here := plugin{client: connect, match: matchInLibrary, log: pdk.Log}
	sonicsimilarity.Register(here)
	metadata.Register(here)
}

func main() {}

func connect() client {
	return client{settings: readSettings(pdk.GetConfig), send: host.HTTPSend}
}

func matchInLibrary(songs []types.SongRef) ([]*types.Track, error) {
	return host.MatcherMatchSongs(songs, host.MatchOptions{})
}

// plugin answers Navidrome's requests. Its settings are read for each, since they may change at any time.
type plugin struct {
	client func() client
	match  matcher
	log    func(pdk.LogLevel, string)
}

// GetSonicSimilarTracks answers getSonicSimilarTracks.
func (p plugin) GetSonicSimilarTracks(request sonicsimilarity.GetSonicSimilarTracksRequest) (sonicsimilarity.SonicSimilarityResponse, error) {
	tracks, err := p.similar(request.Song, int(request.Count))
	if err != nil {
		return sonicsimilarity.SonicSimilarityResponse{}, err
	}
	return p.matches(tracks, func(one track) float64 { return one.Similarity }), nil
}

// FindSonicPath answers findSonicPath, both ends included.
func (p plugin) FindSonicPath(request sonicsimilarity.FindSonicPathRequest) (sonicsimilarity.SonicSimilarityResponse, error) {
	var ids [2]int64
	nothing := sonicsimilarity.SonicSimilarityResponse{}
	connection := p.client()
	for i, song := range []types.SongRef{request.StartSong, request.EndSong} {
		found, err := connection.similar(queries(song, p.known(song), connection.settings), 1)
		if err != nil {
			return nothing, p.failed(song, err)
		}
		ids[i] = found.Of.ID
	}
	if ids[0] == ids[1] {
		return nothing, nil
	}
	tracks, err := connection.path(ids[0], ids[1], int(request.Count))
	if err != nil {
		return nothing, p.failed(request.StartSong, err)
	}
	return p.matches(tracks, func(track) float64 { return notCompared }), nil
}

// GetSimilarSongsByTrack answers getSimilarSongs and getSimilarSongs2, which is what players call Instant Mix.
func (p plugin) GetSimilarSongsByTrack(request metadata.SimilarSongsByTrackRequest) (*metadata.SimilarSongsResponse, error) {
	song := types.SongRef{ID: request.ID, Name: request.Name, Artist: request.Artist, MBID: request.MBID}
	tracks, err := p.similar(song, int(request.Count))
	if err != nil || len(tracks) == 0 {
		return nil, err
	}
	return &metadata.SimilarSongsResponse{Songs: p.songs(tracks)}, nil
}

func (p plugin) similar(song types.SongRef, count int) ([]track, error) {
	connection := p.client()
	found, err := connection.similar(queries(song, p.known(song), connection.settings), count)
	if err != nil {
		return nil, p.failed(song, err)
	}
	return found.Tracks, nil
}

// known is what Navidrome's library says about a song besides its names, nil where it does not say.
func (p plugin) known(song types.SongRef) *types.Track {
	if song.ID == "" {
		return nil
	}
	found, err := p.match([]types.SongRef{{ID: song.ID, Name: song.Name}})
	if err != nil {
		p.log(pdk.LogWarn, fmt.Sprintf("paths cannot be compared (%v): let this plugin use the library, in its settings", err))
		return nil
	}
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

func (p plugin) songs(tracks []track) []types.SongRef {
	found, err := songs(tracks, p.match)
	if err != nil {
		p.log(pdk.LogWarn, fmt.Sprintf("tracks are found by their tags alone (%v): let this plugin use the library, in its settings", err))
	}
	return found
}

func (p plugin) matches(tracks []track, similarity func(track) float64) sonicsimilarity.SonicSimilarityResponse {
	var response sonicsimilarity.SonicSimilarityResponse
	for i, song := range p.songs(tracks) {
		match := sonicsimilarity.SonicMatch{Song: song, Similarity: similarity(tracks[i])}
		response.Matches = append(response.Matches, match)
	}
	return response
}

// failed logs an error and gives it back, except that a song that is not known is no failure of the plugin.
func (p plugin) failed(song types.SongRef, err error) error {
	if errors.Is(err, errUnknown) {
		p.log(pdk.LogInfo, fmt.Sprintf("%q by %q: %v", song.Name, song.Artist, err))
		return nil
	}
	p.log(pdk.LogWarn, err.Error())
	return err
}
