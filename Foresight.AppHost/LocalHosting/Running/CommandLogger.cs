using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.LocalHosting;

/// <summary>What a command has to say while it runs, to whoever asked for it.</summary>
internal sealed class CommandLogger(Action<string> say) : ILogger
{
    public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        say(formatter(state, exception));
}
