using Microsoft.Extensions.Logging;
using Npgsql;

namespace Foresight.ServiceDefaults.Postgres;

/// <summary>
/// Each new connection reads the server's timeline, so that none goes to an old primary. docs/decisions/0310-old-primaries-are-refused.md
/// describes what this prevents and what it cannot.
/// </summary>
public sealed class PrimaryServers : IAsyncDisposable
{
    /// <summary>A survey leaves a slower server out, so that one that hangs does not delay what the others report.</summary>
    public static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(1.5);

    private readonly PostgresAddress _address;
    private readonly TimelineGuard _guard;
    private readonly TimelineHint? _hint;
    private readonly OneQuestion<Answer>[] _asked;
    private readonly Lazy<Task> _firstSurvey;
    private readonly List<WeakReference<NpgsqlDataSource>> _opened = [];
    private volatile ServerPlace _current;

    /// <param name="hint">Null for a process without Redis, which knows only what it has seen itself.</param>
    public PrimaryServers(PostgresAddress address, TimelineGuard guard, TimelineHint? hint)
    {
        (_address, _guard, _hint) = (address, guard, hint);
        _current = address.Candidates[0];
        _asked = [.. address.Candidates.Select((place, index) => new OneQuestion<Answer>(AskerOf(place, index), AnswerOfAsync))];
        _firstSurvey = new Lazy<Task>(() => SurveyAsync(CancellationToken.None));
        guard.Raised += LetGo;
    }

    /// <summary>Without Redis, and so without the observations of other processes: for a program or a test.</summary>
    public static PrimaryServers Alone(PostgresAddress address, ILoggerFactory loggers) =>
        new(address, new TimelineGuard(TimeProvider.System, loggers.CreateLogger<TimelineGuard>()), hint: null);

    public NpgsqlConnectionStringBuilder Settings => new(_address.Primary.ConnectionString);

    /// <summary>No connection is made before the first survey, because it would go to a server that may be an old primary.</summary>
    public Task FirstSurvey => _firstSurvey.Value;

    public ServerPlace Current => _current;

    /// <summary>Faults count as answers, because a survey goes on without the server; throws only if cancelled.</summary>
    public async Task SurveyAsync(CancellationToken cancellationToken)
    {
        // With one server there is nothing to choose, unless a number was heard that it must confirm.
        var answers = _asked.Length > 1 ? await AskAllAsync(cancellationToken) : [];
        if (_hint is not null)
            await _hint.ExchangeAsync(
                _guard,
                WritableOf(answers).OfType<Timeline>().Concat(_guard.Seen).Select(timeline => timeline.System),
                cancellationToken
            );
        // Answers from before it was heard would contradict a promotion of that moment.
        if (_guard.HasUnconfirmed)
            answers = await AskAllAsync(cancellationToken);
        // The highest timeline first, because it decides about the others.
        foreach (var (place, timeline) in _address.Candidates.Zip(WritableOf(answers)).OrderByDescending(one => one.Second?.Number ?? 0))
        {
            if (timeline is not { } seen)
                continue;
            try
            {
                _guard.Admit(place.ToString(), seen);
                _current = place;
            }
            catch (TimelineRefusedException)
            {
                // Expected, and logged by the guard.
            }
        }

        if (answers.Length > 0)
            _guard.Surveyed(everyServerAnswered: Array.TrueForAll(answers, answer => answer is not null));
    }

    public NpgsqlDataSource Open(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers)
    {
        if (_address.Candidates.Count == 1)
            return Track(BuilderOf(settings, name, loggers, pin: null).Build());
        settings.Host = string.Join(',', _address.Candidates);
        // The driver caches a server's role for this long; a restarted primary would go unnoticed until then.
        settings.HostRecheckSeconds = 1;
        return Track(BuilderOf(settings, name, loggers, pin: null).BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary));
    }

    /// <summary>
    /// The connections of a term fail after a promotion, even behind the same host name: a term that moved to the new primary would
    /// continue from state that the new primary may lack. Only built-in types are known: reading the catalogue's would delay a take-over.
    /// </summary>
    public NpgsqlDataSource OpenPinned(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers)
    {
        (settings.Host, settings.Port) = (_current.Host, _current.Port);
        var builder = BuilderOf(settings, name, loggers, new Pin());
        builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        return Track(builder.Build());
    }

    public ValueTask DisposeAsync()
    {
        _guard.Raised -= LetGo;
        foreach (var question in _asked)
            question.Dispose();
        return default;
    }

    private NpgsqlDataSourceBuilder BuilderOf(NpgsqlConnectionStringBuilder settings, string name, ILoggerFactory loggers, Pin? pin)
    {
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = name };
        builder.UseLoggerFactory(loggers);
        builder.UsePhysicalConnectionInitializer(
            _ => throw new NotSupportedException("Connections are opened asynchronously only, because their checks wait."),
            async connection =>
            {
                await _firstSurvey.Value;
                var timeline = await Timeline.OfAsync(connection, CancellationToken.None);
                await HearOfAsync(timeline);
                Check(connection, timeline, pin);
            }
        );
        return builder;
    }

    /// <summary>
    /// Once a server of a system is admitted it decides which timelines are refused, so what other nodes know of the system
    /// is heard before.
    /// </summary>
    private async Task HearOfAsync(Timeline? timeline)
    {
        if (timeline is { } seen && _hint is not null && _guard.Newest is null)
            await _hint.ExchangeAsync(_guard, [seen.System], CancellationToken.None);
    }

    private void Check(NpgsqlConnection connection, Timeline? timeline, Pin? pin)
    {
        var place = new ServerPlace(connection.Host!, connection.Port);
        if (timeline is not { } seen)
        {
            // In the pool a standby would be used without a check once it is promoted. A single server may be a standby: it is
            // good for reading.
            if (_address.Candidates.Count > 1)
                throw new TimelineRefusedException($"{place} is a standby.");
            return;
        }

        _guard.Admit(place.ToString(), seen);
        _current = place;
        pin?.Require(place, seen);
    }

    private NpgsqlDataSource Track(NpgsqlDataSource source)
    {
        lock (_opened)
        {
            _opened.RemoveAll(one => !one.TryGetTarget(out _));
            _opened.Add(new WeakReference<NpgsqlDataSource>(source));
        }

        return source;
    }

    /// <summary>
    /// Idle connections are closed at once and busy ones when they are returned, so that a new check is made before the next use.
    /// </summary>
    private void LetGo()
    {
        lock (_opened)
        {
            foreach (var one in _opened)
                if (one.TryGetTarget(out var source))
                    source.Clear();
        }
    }

    private NpgsqlDataSource AskerOf(ServerPlace place, int index)
    {
        var settings = OneQuestion<Answer>.Settings(Settings, "foresight-survey");
        (settings.Host, settings.Port) = (place.Host, place.Port);
        // Named, because the driver's metrics would show the address otherwise.
        return new NpgsqlDataSourceBuilder(settings.ConnectionString) { Name = $"survey-{index + 1}" }.Build();
    }

    private Task<Answer?[]> AskAllAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_asked.Select(question => AskAsync(question, cancellationToken)));

    private static IEnumerable<Timeline?> WritableOf(Answer?[] answers) => answers.Select(answer => answer?.Writable);

    private static async Task<Answer?> AskAsync(OneQuestion<Answer> question, CancellationToken cancellationToken)
    {
        try
        {
            return await question.AskAsync(AnswerBound, cancellationToken);
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException)
        {
            return null;
        }
    }

    private static async Task<Answer> AnswerOfAsync(NpgsqlConnection connection) =>
        new(await Timeline.OfAsync(connection, CancellationToken.None));

    private sealed record Answer(Timeline? Writable);

    /// <summary>All later connections of a term must agree with the first, or they have reached another history.</summary>
    private sealed class Pin
    {
        private readonly Lock _gate = new();
        private Timeline? _first;

        public void Require(ServerPlace place, Timeline seen)
        {
            lock (_gate)
            {
                _first ??= seen;
                if (_first != seen)
                    throw new TimelineRefusedException(
                        $"{place} is now on timeline {seen.Number}, but this term began on timeline {_first.Value.Number}."
                    );
            }
        }
    }
}
