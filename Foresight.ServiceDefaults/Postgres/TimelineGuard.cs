using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Remembers the newest timeline that this process, or by a hint in Redis any process, has seen, and refuses servers of older ones: an old
/// primary that returns receives neither reads nor writes.
/// </summary>
public sealed partial class TimelineGuard(ILogger<TimelineGuard> logger)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<long, uint> _newest = [];
    private readonly HashSet<string> _refused = [];
    private long? _system;

    /// <summary>Raised when a promotion is seen: connections to earlier servers must be closed.</summary>
    public event Action? Raised;

    /// <summary>The newest timeline of this cluster's database; null until the first server is seen.</summary>
    public Timeline? Newest
    {
        get
        {
            lock (_gate)
                return _system is { } ours ? new Timeline(ours, _newest[ours]) : null;
        }
    }

    /// <summary>
    /// Takes over what other processes have seen. Raises the known number, but does not decide which database is this cluster's.
    /// </summary>
    public void Hear(Timeline heard)
    {
        bool raised;
        lock (_gate)
        {
            if (_newest.TryGetValue(heard.System, out var known) && known >= heard.Number)
                return;
            _newest[heard.System] = heard.Number;
            raised = _system == heard.System;
        }

        if (raised)
            Raise(heard.Number, "another node");
    }

    /// <param name="server">Name or address, for the log.</param>
    /// <exception cref="TimelineRefusedException">The server must not be used.</exception>
    public void Admit(string server, Timeline seen)
    {
        TimelineVerdict verdict;
        bool isFirst,
            isNews;
        uint known;
        lock (_gate)
        {
            verdict = TimelineRules.Judge(_system, _newest.TryGetValue(seen.System, out var number) ? number : null, seen);
            isFirst = _system is null;
            if (verdict == TimelineVerdict.Newer)
                _newest[seen.System] = seen.Number;
            if (verdict is TimelineVerdict.Newer or TimelineVerdict.Accepted)
                _system = seen.System;
            isNews = verdict is TimelineVerdict.Old or TimelineVerdict.Foreign ? _refused.Add(server) : _refused.Remove(server);
            known = _newest.GetValueOrDefault(_system ?? seen.System);
        }

        switch (verdict)
        {
            case TimelineVerdict.Old:
                if (isNews)
                    Log.Old(logger, server, seen.Number, known);
                throw new TimelineRefusedException(
                    $"{server} is on timeline {seen.Number}, which ended when a standby was promoted to timeline {known}."
                );
            case TimelineVerdict.Foreign:
                if (isNews)
                    Log.Foreign(logger, server);
                throw new TimelineRefusedException($"{server} is a different database: its system identifier is {seen.System}.");
            case TimelineVerdict.Newer when !isFirst:
                Raise(seen.Number, server);
                break;
        }
    }

    private void Raise(uint number, string by)
    {
        Log.Raised(logger, number, by);
        Raised?.Invoke();
    }

    private static partial class Log
    {
        [LoggerMessage(
            LogLevel.Warning,
            "Server {Server} refused: it is an old primary on timeline {Number}, and a standby was promoted to timeline "
                + "{Known}. Fence it."
        )]
        public static partial void Old(ILogger logger, string server, uint number, uint known);

        [LoggerMessage(LogLevel.Warning, "Server {Server} refused: its system identifier is not that of this cluster's database.")]
        public static partial void Foreign(ILogger logger, string server);

        [LoggerMessage(
            LogLevel.Warning,
            "Database is on timeline {Number} (reported by {By}); servers on older timelines will be refused."
        )]
        public static partial void Raised(ILogger logger, uint number, string by);
    }
}
