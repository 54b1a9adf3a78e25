namespace Foresight.Matching.Leadership;

/// <summary>
/// The newest tokens of this process's bids and terms. A lease that carries one of them while no term runs has no leader and may be
/// released.
/// </summary>
internal sealed class RecentTokens
{
    /// <summary>
    /// Older tokens have no message under way any more: each bid needs an answer of Redis first, so two bids are at least one look apart,
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
