namespace Foresight.Console.Live;

/// <summary>
/// What a control shows whose value comes back by the page's address. That takes two trips to the browser; until then the page has the
/// value from before, and a control that showed it would undo what the reader has entered meanwhile: the next key would go on from there.
/// </summary>
public sealed class Entered
{
    /// <summary>More than a hand enters before the first has come back.</summary>
    public const int Most = 64;

    private readonly Queue<string> _underway = new();
    private string _given = "";

    public string Shown => _underway.Count > 0 ? _underway.Last() : _given;

    public void Enter(string? value)
    {
        if (_underway.Count == Most)
            _underway.Dequeue();
        _underway.Enqueue(value ?? "");
    }

    /// <summary>The page's value. One that was not entered is a link's or the page's own and wins over all that is under way.</summary>
    public void Give(string? value)
    {
        if (_given == (value ?? ""))
            return;

        _given = value ?? "";
        while (_underway.TryDequeue(out var entered) && entered != _given) { }
    }
}
