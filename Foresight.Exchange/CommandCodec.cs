namespace Foresight.Exchange;

/// <summary>The journal's encoding of a command: little-endian, fixed size, first byte the version.</summary>
public static class CommandCodec
{
    /// <summary>Bytes of one encoded command.</summary>
    public const int Size = 128;

    public static void Encode(in Command command, Span<byte> into) => throw new NotImplementedException();

    /// <exception cref="FormatException">Wrong size, unknown version or kind.</exception>
    public static Command Decode(ReadOnlySpan<byte> from) => throw new NotImplementedException();
}
