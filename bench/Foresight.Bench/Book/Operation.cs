using System.Runtime.InteropServices;

namespace Foresight.Bench.Book;

public enum OperationKind : byte
{
    Limit = 0,
    ImmediateOrCancel = 1,
    Cancel = 2,
}

/// <summary>One record of the workload as stored in its file: 16 bytes, little-endian.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 1, Size = 16)]
public struct Operation
{
    /// <summary>Index of the operation + 1; of a cancel, that of its order.</summary>
    public uint Id;
    public uint Quantity;
    public ushort Price;
    public OperationKind Kind;

    /// <summary>0 buy, 1 sell.</summary>
    public byte Side;
    public ushort Book;
    public ushort Padding;
}
