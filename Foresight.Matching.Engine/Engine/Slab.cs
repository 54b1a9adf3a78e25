using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine;

/// <summary>
/// Structs in contiguous, cache-aligned memory that the garbage collector does not move, so that addressing one is an addition. Indices
/// start at 0 at the origin; some elements may lie below it, at negative indices. Only debug builds check indices. A reference is valid
/// until the slab grows; after that it refers to the old memory.
/// </summary>
internal unsafe struct Slab<T>
    where T : unmanaged
{
    private const int CacheLine = 64;

    private T* _origin;

    // The origin points into it, and a pointer does not keep memory alive.
    private T[] _memory;

    public Slab(int length, int below = 0)
    {
        Length = length;
        Below = below;
        // Cleared here because the first touch of a memory page is slow: a caller that reserves room wants that cost at once and not
        // during matching.
        _memory = GC.AllocateUninitializedArray<T>(checked(below + length + CacheLine / sizeof(T) + 1), pinned: true);
        Array.Clear(_memory);
        var start = (nint)Unsafe.AsPointer(ref _memory[below]);
        _origin = (T*)unchecked((start + CacheLine - 1) & -CacheLine);
    }

    public int Length { get; private set; }

    public int Below { get; private set; }

    public readonly long Bytes => (long)_memory.Length * sizeof(T);

    public readonly ref T Origin
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ref *_origin;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ref T At(int index)
    {
        Debug.Assert(index >= -Below && index < Length);
        return ref Unsafe.Add(ref *_origin, index);
    }

    public readonly Span<T> Span => new(_origin, Length);

    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Grow(int length, int below = 0)
    {
        var grown = new Slab<T>(Math.Max(length, Length), Math.Max(below, Below));
        new Span<T>(_origin - Below, Below + Length).CopyTo(new Span<T>(grown._origin - Below, Below + Length));
        this = grown;
    }
}
