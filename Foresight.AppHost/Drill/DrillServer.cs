using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

/// <summary>
/// A drill damages the cluster, so its socket is one that only this user can reach. Protocol: one line in, the command's name; out come its
/// log lines, and a last line that begins with ok or failed.
/// </summary>
internal sealed partial class DrillServer(
    DrillCommands commands,
    IServiceProvider services,
    ILogger<DrillServer> logger,
    string? folder = null
) : BackgroundService
{
    public const string Done = "ok",
        Failed = "failed: ";

    private const int MaximumLine = 100;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string? path = null;
        try
        {
            path = DrillSocket.Listen(listener, folder ?? DrillSocket.Folder);
            while (true)
                _ = ServeAsync(await listener.AcceptAsync(stoppingToken), stoppingToken);
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            Log.DoesNotListen(logger, e.Message);
        }
        finally
        {
            if (path is not null)
                DrillSocket.Remove(path);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            await using var writer = new StreamWriter(stream) { AutoFlush = true };
            await writer.WriteLineAsync(await AnswerAsync(await ReadLineAsync(stream, stoppingToken), writer, stoppingToken));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Expected: the client disconnected, or the AppHost is stopping.
        }
    }

    private async Task<string> AnswerAsync(string name, TextWriter writer, CancellationToken stoppingToken)
    {
        if (commands.Find(name) is not { } execute)
            return $"{Failed}there is no such command; there are\n{commands.Usage}";
        try
        {
            var result = await execute(
                new ExecuteCommandContext
                {
                    Services = services,
                    ResourceName = name,
                    CancellationToken = stoppingToken,
                    Logger = new LineLogger(writer),
                    Arguments = new InteractionInputCollection([]),
                }
            );
            return result.Success ? Done : Failed + result.Message;
        }
        catch (Exception e) when (!stoppingToken.IsCancellationRequested)
        {
            return Failed + e.Message;
        }
    }

    /// <summary>A client must not fill the memory, so an overlong line is cut; the rest of it matches no command.</summary>
    private static async Task<string> ReadLineAsync(Stream stream, CancellationToken cancellationToken)
    {
        var line = new byte[MaximumLine];
        var length = 0;
        while (length < line.Length && await stream.ReadAsync(line.AsMemory(length), cancellationToken) is > 0 and var count)
        {
            length += count;
            if (line.AsSpan(0, length).IndexOf((byte)'\n') is >= 0 and var end)
                return Encoding.UTF8.GetString(line, 0, end);
        }

        return Encoding.UTF8.GetString(line, 0, length);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "Failed to open the socket of the verb `drill`; use the dashboard's commands instead: {Reason}")]
        public static partial void DoesNotListen(ILogger logger, string reason);
    }

    private sealed class LineLogger(TextWriter writer) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel,
            EventId eventId,
            TState state,
            Exception? exception,
            Func<TState, Exception?, string> formatter
        )
        {
            lock (writer)
                writer.WriteLine(formatter(state, exception));
        }
    }
}
