using System.Net.Sockets;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Drill;

/// <summary>
/// Listens for the verb <c>drill</c> on a socket that only this user reaches: one line in, the command's name; out come its sentences as
/// they are logged, and a last line that begins with ok or failed.
/// </summary>
internal sealed class DrillServer(DrillCommands commands, IServiceProvider services) : BackgroundService
{
    public const string Done = "ok", Failed = "failed: ";

    private const int MaximumLine = 100;

    public static string Folder => Path.Combine(ProgramCache.OfThisUser().Folder, "drill");

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Directory.CreateDirectory(Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(Folder, $"{Environment.ProcessId}.sock");
        File.Delete(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        try
        {
            while (true)
                _ = ServeAsync(await listener.AcceptAsync(stoppingToken), stoppingToken);
        }
        catch (OperationCanceledException)
        {
            File.Delete(path);
        }
    }

    private async Task ServeAsync(Socket client, CancellationToken stoppingToken)
    {
        await Task.Yield();
        try
        {
            await using var stream = new NetworkStream(client, ownsSocket: true);
            using var reader = new StreamReader(stream);
            await using var writer = new StreamWriter(stream) { AutoFlush = true };
            var name = await reader.ReadLineAsync(stoppingToken) ?? string.Empty;
            if (name.Length > MaximumLine || commands.Find(name) is not { } execute)
            {
                await writer.WriteLineAsync($"{Failed}there is no such command; there are\n{commands.Usage}");
                return;
            }

            var result = await execute(new ExecuteCommandContext
            {
                Services = services, ResourceName = name, CancellationToken = stoppingToken, Arguments = new InteractionInputCollection([]), Logger = new LineLogger(writer),
            });
            await writer.WriteLineAsync(result.Success ? Done : Failed + result.Message);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The client is gone, or the AppHost ends.
        }
    }

    private sealed class LineLogger(TextWriter writer) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (writer)
                writer.WriteLine(formatter(state, exception));
        }
    }
}
