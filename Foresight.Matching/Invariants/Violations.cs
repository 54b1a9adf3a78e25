namespace Foresight.Matching.Invariants;

/// <summary>Bounded, because a table that is wrong throughout needs no million sentences.</summary>
internal sealed class Violations
{
    private const int SentencesKept = 50;

    private readonly List<string> _sentences = [];

    public long Count { get; private set; }

    public IReadOnlyList<string> Sentences => _sentences;

    public void Add(string sentence)
    {
        Count++;
        if (_sentences.Count < SentencesKept)
            _sentences.Add(sentence);
    }

    public void Require(bool holds, string otherwise)
    {
        if (!holds)
            Add(otherwise);
    }

    public void Compare<TKey, TFacts>(
        Func<TKey, string> thing,
        IReadOnlyDictionary<TKey, TFacts> replayed,
        IReadOnlyDictionary<TKey, TFacts> stored
    )
        where TKey : notnull
        where TFacts : struct
    {
        foreach (var (key, facts) in replayed)
        {
            if (!stored.TryGetValue(key, out var row))
                Add($"{thing(key)} is not in its table, and the journal's commands make it: {facts}.");
            else if (!facts.Equals(row))
                Add($"{thing(key)} is in its table as {row}, and the journal's commands make it {facts}.");
        }

        foreach (var key in stored.Keys.Where(key => !replayed.ContainsKey(key)))
            Add($"{thing(key)} is in its table, and no command made it.");
    }
}
