using MudBlazor;

namespace Foresight.Console.Live;

public sealed record Notice(long Id, Severity Severity, string Text);

/// <summary>
/// Short messages at the edge of the page: what an operator did, and why something was not done. Of the circuit. Not the component
/// library's snackbar, because each of those brings a style element, which the content security policy refuses.
/// </summary>
public sealed class NoticeBoard(TimeProvider clock)
{
    /// <summary>Older ones make room, because a row of unread messages must not cover the page.</summary>
    public const int Most = 4;

    private static readonly TimeSpan Shown = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan ShownOfFailures = TimeSpan.FromSeconds(12);

    private readonly Lock _gate = new();
    private readonly List<(Notice Notice, ITimer Timer)> _notices = [];
    private long _lastId;

    /// <summary>On any thread.</summary>
    public event Action? Changed;

    public IReadOnlyList<Notice> Notices
    {
        get
        {
            lock (_gate)
                return [.. _notices.Select(entry => entry.Notice)];
        }
    }

    public void Done(string title, string detail = "") => Add(Severity.Success, title, detail, Shown);

    public void Note(string title, string detail = "") => Add(Severity.Info, title, detail, Shown);

    public void Warn(string title, string detail = "") => Add(Severity.Warning, title, detail, ShownOfFailures);

    public void Failed(string title, string detail = "") => Add(Severity.Error, title, detail, ShownOfFailures);

    public void Remove(long id)
    {
        lock (_gate)
        {
            foreach (var entry in _notices.Where(entry => entry.Notice.Id == id).ToList())
            {
                entry.Timer.Dispose();
                _notices.Remove(entry);
            }
        }

        Changed?.Invoke();
    }

    private void Add(Severity severity, string title, string detail, TimeSpan shown)
    {
        lock (_gate)
        {
            var notice = new Notice(++_lastId, severity, detail.Length == 0 ? title : $"{title}: {detail}");
            _notices.Add((notice, clock.CreateTimer(_ => Remove(notice.Id), null, shown, Timeout.InfiniteTimeSpan)));
            if (_notices.Count > Most)
            {
                _notices[0].Timer.Dispose();
                _notices.RemoveAt(0);
            }
        }

        Changed?.Invoke();
    }
}
