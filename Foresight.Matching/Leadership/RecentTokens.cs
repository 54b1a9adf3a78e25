namespace Foresight.Matching.Leadership;

/// <summary>
/// A lease that carries one of this process's newest tokens while no term runs here has no leader, so it may be taken at once.
/// </summary>
internal sealed class RecentTokens
{
    /// <summary>
    /// Older tokens have no message under way any more: each bid needs a look at the row first, so two bids are at least one look apart,
    /// and more with a term between them.
    /// </summary>
    private const int Maximum = 16;

    private readonly Queue<Guid> _tokens = new();

    public void Add(Guid token)
    {
        _tokens.Enqueue(token);
        if (_tokens.Count > Maximum)
            _tokens.Dequeue();
    }

    public bool Contains(Guid token) => _tokens.Contains(token);
}
