using Foresight.Api.Access;
using Microsoft.Extensions.Logging;

namespace Foresight.Api.Tests.Stack;

internal sealed class CounterOfTest : IRequestCounter
{
    private readonly Dictionary<(string, long), long> _counts = [];

    public int Nodes { get; init; } = 1;

    public bool Answers { get; set; } = true;

    public int Asked { get; private set; }

    /// <summary>Different callers that were counted.</summary>
    public int Callers
    {
        get
        {
            lock (_counts)
                return _counts.Keys.Select(key => key.Item1).Distinct().Count();
        }
    }

    public Task<long?> AddAsync(string caller, long minute, int requests)
    {
        lock (_counts)
        {
            Asked++;
            if (!Answers)
                return Task.FromResult<long?>(null);
            var count = _counts.GetValueOrDefault((caller, minute)) + requests;
            _counts[(caller, minute)] = count;
            return Task.FromResult<long?>(count);
        }
    }
}

internal sealed class StoppedClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = new(2026, 11, 29, 5, 0, 20, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => Now;
}

internal sealed class LogOfTest : ILogger
{
    public List<string> Lines { get; } = [];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel level, EventId id, TState state, Exception? error, Func<TState, Exception?, string> format) =>
        Lines.Add(format(state, error));
}
