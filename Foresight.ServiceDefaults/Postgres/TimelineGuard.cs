using Microsoft.Extensions.Logging;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// An old primary that returns must receive neither reads nor writes, so servers of older timelines than the newest known are refused. What
/// was only heard, by a hint in Redis, stops no node while every named server answers and contradicts it, and is then forgotten.
/// </summary>
public sealed partial class TimelineGuard(TimeProvider clock, ILogger<TimelineGuard> logger)
{
    /// <summary>
    /// What was heard must be contradicted for this long: the server on that timeline may be restarting behind a name that
    /// another answers to.
    /// </summary>
    public static readonly TimeSpan ForgetsAfter = TimeSpan.FromSeconds(10);

    /// <summary>
    /// After a number was forgotten no other is heard for this long, twice as long each time: else somebody who can sign marks would stop
    /// the nodes again with the next number. The servers' own answers count meanwhile as always.
    /// </summary>
    public static readonly TimeSpan FirstDeafness = TimeSpan.FromMinutes(1);

    public static readonly TimeSpan LongestDeafness = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<long, uint> _newest = [];
    private readonly Dictionary<long, uint> _seen = [];
    private readonly Dictionary<long, uint> _forgotten = [];
    private readonly HashSet<string> _refused = [];
    private long? _system;
    private long? _contradictedSince;

    /// <summary>Heard of the database in use, and not believed yet: the next survey decides.</summary>
    private uint _claimed;

    private long? _deafSince;
    private TimeSpan _deafness = FirstDeafness;

    /// <summary>Connections to earlier servers must be closed when a promotion is seen.</summary>
    public event Action? Raised;

    /// <summary>Null until the first server is seen, which decides which database is this cluster's.</summary>
    public Timeline? Newest
    {
        get
        {
            lock (_gate)
                return _system is { } ours ? new Timeline(ours, _newest[ours]) : null;
        }
    }

    /// <summary>
    /// Only what servers themselves reported to this process is passed to other nodes: a number that was heard must not be kept alive by
    /// those who heard it.
    /// </summary>
    public IReadOnlyList<Timeline> Seen
    {
        get
        {
            lock (_gate)
                return [.. _seen.Select(seen => new Timeline(seen.Key, seen.Value))];
        }
    }

    public bool HasUnconfirmed
    {
        get
        {
            lock (_gate)
                return Unconfirmed().Count > 0;
        }
    }

    /// <summary>
    /// Does not decide which database is this cluster's, because Redis could name any. Before that is known the number counts at once; of
    /// the database in use it is a claim, which <see cref="Surveyed"/> judges.
    /// </summary>
    /// <returns>False if the number is not heard, because the servers have contradicted it or another one lately.</returns>
    public bool Hear(Timeline heard)
    {
        lock (_gate)
        {
            if (_newest.TryGetValue(heard.System, out var known) && known >= heard.Number)
                return true;
            if (IsDeaf || heard.Number <= _forgotten.GetValueOrDefault(heard.System))
                return false;
            if (_system == heard.System)
                _claimed = Math.Max(_claimed, heard.Number);
            else
                _newest[heard.System] = heard.Number;
            return true;
        }
    }

    /// <summary>
    /// Judges what was heard by a survey that began afterwards. A server that does not answer may be on that timeline, so then a claim is
    /// believed. If all have answered, none is on it: the claim stops no node, and after <see cref="ForgetsAfter"/> of this it is forgotten
    /// with whatever else was heard, because Postgres is the truth.
    /// </summary>
    public void Surveyed(bool everyServerAnswered)
    {
        uint? believed = null;
        lock (_gate)
        {
            var unconfirmed = Unconfirmed();
            if (unconfirmed.Count == 0)
                _contradictedSince = null;
            else if (everyServerAnswered)
                Contradict(unconfirmed);
            else
            {
                _contradictedSince = null;
                if (_system is { } ours && _claimed > _newest[ours])
                    believed = _newest[ours] = _claimed;
            }
        }

        if (believed is { } number)
            Raise(number, "another node");
    }

    private bool IsDeaf => _deafSince is { } since && clock.GetElapsedTime(since) < _deafness;

    private Dictionary<long, uint> Unconfirmed()
    {
        var heard = _newest.Where(known => known.Value > _seen.GetValueOrDefault(known.Key)).ToDictionary();
        if (_system is { } ours && _claimed > _newest[ours])
            heard[ours] = _claimed;
        return heard;
    }

    private void Contradict(Dictionary<long, uint> unconfirmed)
    {
        _contradictedSince ??= clock.GetTimestamp();
        if (clock.GetElapsedTime(_contradictedSince.Value) < ForgetsAfter)
            return;
        if (_deafSince is not null)
            _deafness = _deafness * 2 < LongestDeafness ? _deafness * 2 : LongestDeafness;
        (_deafSince, _contradictedSince, _claimed) = (clock.GetTimestamp(), null, 0);
        foreach (var (system, number) in unconfirmed)
        {
            _forgotten[system] = number;
            if (_seen.TryGetValue(system, out var seen))
                _newest[system] = seen;
            else
                _newest.Remove(system);
            Log.Forgotten(logger, number, _deafness.TotalMinutes);
        }
    }

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
                (_system, _seen[seen.System]) = (seen.System, seen.Number);
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

        [LoggerMessage(
            LogLevel.Warning,
            "Timeline {Number}, which another node had reported, is forgotten: every server of the settings has answered, and "
                + "none is on it. For {Minutes} minutes only the servers' own answers count."
        )]
        public static partial void Forgotten(ILogger logger, uint number, double minutes);
    }
}
