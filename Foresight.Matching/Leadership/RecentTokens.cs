namespace Foresight.Matching.Leadership;

/// <summary>
/// The tokens of this process' bids and terms, the newest of them: whichever is found in the key while no term runs is nobody's lease.
/// </summary>
internal sealed class RecentTokens
{
    /// <summary>
    /// What is older has no message under way any more: a bid needs an answer of Redis before
    /// it, so each of these is at least a look apart, and a term more.
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
