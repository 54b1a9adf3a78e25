using System.Buffers;
using System.Text.Json;

namespace Foresight.Console.MarketData;

/// <summary>
/// The part of SignalR's JSON hub protocol that a receiving client needs: JSON texts, each ended by the record separator, the first one
/// being the handshake. (The SignalR client library is not on every package feed; see docs/decisions/0701-hub-client.md.)
/// </summary>
public static class HubProtocol
{
    public const byte RecordSeparator = 0x1e;

    public const int Invocation = 1;
    public const int Completion = 3;
    public const int Ping = 6;
    public const int Close = 7;

    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static ReadOnlyMemory<byte> Handshake { get; } = End("""{"protocol":"json","version":1}"""u8);

    public static ReadOnlyMemory<byte> PingMessage { get; } = End("""{"type":6}"""u8);

    /// <param name="id">Comes back with the completion.</param>
    public static ReadOnlyMemory<byte> Invoke(string id, string target, params object[] arguments) =>
        End(JsonSerializer.SerializeToUtf8Bytes(new { type = Invocation, invocationId = id, target, arguments }, Json));

    /// <summary>Cuts the first whole message off the buffer.</summary>
    public static bool TryCut(ref ReadOnlySequence<byte> buffer, out ReadOnlySequence<byte> message)
    {
        if (buffer.PositionOf(RecordSeparator) is not { } end)
        {
            message = default;
            return false;
        }

        message = buffer.Slice(0, end);
        buffer = buffer.Slice(buffer.GetPosition(1, end));
        return true;
    }

    private static byte[] End(ReadOnlySpan<byte> json) => [.. json, RecordSeparator];
}
