using System.Runtime.InteropServices;

namespace Foresight.Bench.Book;

public enum OperationKind : byte
{
    Limit = 0,
    ImmediateOrCancel = 1,
    Cancel = 2,
}

/// <summary>
/// 16 bytes, little-endian: the layout of a stream's file, which must not change because the published hash is computed over it.
/// </summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = 16)]
public struct Operation
{
    public uint Id;
    public uint Quantity;
    public ushort Price;
    public OperationKind Kind;

    public byte Side;
    public ushort Book;
    public ushort Padding;
}
