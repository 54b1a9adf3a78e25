using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting.ApplicationModel;
using Foresight.AppHost.Programs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Foresight.AppHost.Native;

public sealed class NativeChainResource(string name, NativeState state) : NativeServerResource(name, state, "http")
{
    public override ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.Url)}");

    internal string StateFile => Path.Combine(DataFolder, "chain.json");
}

internal static class NativeChain
{
    public static NativeServer Prepare(NativeChainResource chain, FoundProgram program)
    {
        Directory.CreateDirectory(chain.DataFolder);
        var last = chain.StateFile + ".last";
        File.Delete(last);
        return new NativeServer
        {
            Command =
            [
                program.Path,
                "--host",
                NativeServerResource.Address,
                "--port",
                $"{chain.PrimaryEndpoint.Port}",
                "--dump-state",
                last,
                .. File.Exists(chain.StateFile) ? ["--load-state", chain.StateFile] : Array.Empty<string>(),
            ],
            StopSignal = "INT",
            WrittenAtEnd = (last, chain.StateFile),
        };
    }

    public static async Task<string?> ProbeAsync(NativeChainResource chain, HttpClient http, CancellationToken cancellationToken)
    {
        var request = new
        {
            jsonrpc = "2.0",
            id = 1,
            method = "eth_chainId",
            @params = Array.Empty<string>(),
        };
        using var response = await http.PostAsJsonAsync(chain.PrimaryEndpoint.Url, request, cancellationToken);
        return response.IsSuccessStatusCode ? null : $"eth_chainId answers {(int)response.StatusCode}";
    }
}

/// <summary>
/// The chain resumes from the last save after a kill. anvil's own --state-interval rewrites its file in place, and a kill in between
/// destroys it; this file is replaced by a rename.
/// </summary>
internal sealed class NativeChainSaver(
    NativeChainResource chain,
    ResourceNotificationService notifications,
    ResourceLoggerService loggers,
    HttpMessageHandler? handler = null
) : BackgroundService
{
    // The cost of a save grows with the chain's age; the pause keeps it below a twentieth of the time.
    private const int PausePerDuration = 20;

    private readonly HttpClient _http = new(handler ?? new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromMinutes(2) };

    public TimeSpan ShortestPause { get; init; } = TimeSpan.FromSeconds(2);

    public override void Dispose()
    {
        base.Dispose();
        _http.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var logger = loggers.GetLogger(chain);
        var pause = ShortestPause;
        while (true)
        {
            await Task.Delay(pause, stoppingToken);
            var started = Stopwatch.GetTimestamp();
            try
            {
                await notifications.WaitForResourceHealthyAsync(chain.Name, WaitBehavior.WaitOnResourceUnavailable, stoppingToken);
                started = Stopwatch.GetTimestamp();
                await SaveAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Not fatal, because the previous state remains valid.
                logger.LogWarning("The chain's state could not be saved: {Reason}", e.Message);
            }

            var next = Stopwatch.GetElapsedTime(started) * PausePerDuration;
            pause = next > ShortestPause ? next : ShortestPause;
        }
    }

    private async Task SaveAsync(CancellationToken cancellationToken)
    {
        var before = File.GetLastWriteTimeUtc(chain.StateFile);
        var request = new
        {
            jsonrpc = "2.0",
            id = 1,
            method = "anvil_dumpState",
            @params = Array.Empty<string>(),
        };
        using var response = await _http.PostAsJsonAsync(chain.PrimaryEndpoint.Url, request, cancellationToken);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var answer = await JsonDocument.ParseAsync(body, default, cancellationToken);
        if (
            answer.RootElement.ValueKind != JsonValueKind.Object
            || !answer.RootElement.TryGetProperty("result", out var result)
            || result.GetString() is not { Length: > 2 } hex
        )
            throw new InvalidDataException($"anvil_dumpState answers {answer.RootElement}");
        // The result is gzip-compressed, but --load-state reads plain JSON.
        var packed = Convert.FromHexString(hex.AsSpan(2));
        await using var unpacked = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        var draft = chain.StateFile + ".new";
        await using (var writing = File.Create(draft))
        {
            await unpacked.CopyToAsync(writing, cancellationToken);
            // The last four bytes of gzip are the length of the content, which reveals a truncated answer.
            if (
                packed.Length < 4
                || BinaryPrimitives.ReadUInt32LittleEndian(packed.AsSpan(^4)) != (uint)writing.Length
                || writing.Length == 0
            )
                throw new InvalidDataException("anvil_dumpState returned a truncated state");
        }

        // A chain that has ended meanwhile has written its final state, which is newer, so it must not be overwritten.
        cancellationToken.ThrowIfCancellationRequested();
        if (File.GetLastWriteTimeUtc(chain.StateFile) == before)
            File.Move(draft, chain.StateFile, overwrite: true);
    }
}
