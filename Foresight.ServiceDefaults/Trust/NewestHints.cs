using System.Diagnostics;
using Foresight.Protocol;

namespace Foresight.ServiceDefaults.Trust;

/// <summary>
/// An older genuine value that was written back must not be believed, so the newest read of each key is remembered. Of one process the
/// counter decides, of two the issue time.
/// </summary>
internal sealed class NewestHints
{
    /// <summary>A replay of a key without a lifetime is recognized for this long only, because memory is bounded.</summary>
    public static readonly TimeSpan LongestMemory = TimeSpan.FromMinutes(10);

    /// <summary>Each node has one record and each resource one lease, so this is far above a cluster's need.</summary>
    private const int Maximum = 1_024;

    private readonly Dictionary<string, Entry> _entries = [];

    /// <param name="memory">Afterwards the value is forgotten, because a replayed one is then older than its lifetime.</param>
    public bool Admit(string key, HintProof proof, TimeSpan memory)
    {
        lock (_entries)
        {
            if (_entries.TryGetValue(key, out var known) && !known.IsForgotten && known.IsNewerThan(proof))
                return false;
            if (known is null && _entries.Count >= Maximum)
                MakeRoom();
            _entries[key] = new Entry(proof, Stopwatch.GetTimestamp(), memory);
            return true;
        }
    }

    private void MakeRoom()
    {
        foreach (var (key, entry) in _entries)
            if (entry.IsForgotten)
                _entries.Remove(key);
        if (_entries.Count >= Maximum)
            _entries.Remove(_entries.MinBy(entry => entry.Value.ReadAt).Key);
    }

    private sealed record Entry(HintProof Proof, long ReadAt, TimeSpan Memory)
    {
        public bool IsForgotten => Stopwatch.GetElapsedTime(ReadAt) > Memory;

        public bool IsNewerThan(HintProof other) =>
            other.Boot == Proof.Boot ? other.Counter < Proof.Counter : other.IssuedAt < Proof.IssuedAt;
    }
}
