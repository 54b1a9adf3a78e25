using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Foresight.Matching.Engine;

/// <summary>
/// Structs side by side in memory that begins at a cache line and that the garbage collector does not move, so that one is found by an
/// addition. Those from the origin on have indices from 0; some may lie below it, at negative indices. Indices are checked in debug builds
/// only. A reference into it is good until it grows: then it shows the state of before.
/// </summary>
internal unsafe struct Slab<T>
    where T : unmanaged
{
    private const int CacheLine = 64;

    private T* _origin;

    // Holds the memory; the origin is somewhere in it.
    private T[] _memory;

    /// <param name="length">Elements from the origin on.</param>
    /// <param name="below">Elements below the origin.</param>
    public Slab(int length, int below = 0)
    {
        Length = length;
        Below = below;
        // The first touch of a page of memory is slow; whoever makes room wants to have it behind him, and so it is cleared here.
        _memory = GC.AllocateUninitializedArray<T>(checked(below + length + CacheLine / sizeof(T) + 1), pinned: true);
        Array.Clear(_memory);
        var start = (nint)Unsafe.AsPointer(ref _memory[below]);
        _origin = (T*)unchecked((start + CacheLine - 1) & -CacheLine);
    }

    /// <summary>Indices are below this.</summary>
    public int Length { get; private set; }

    /// <summary>Indices are not below this, negated.</summary>
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

    /// <summary>The elements from the origin on.</summary>
    public readonly Span<T> Span => new(_origin, Length);

    /// <summary>Makes room for more; what is new is zero.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Grow(int length, int below = 0)
    {
        var grown = new Slab<T>(Math.Max(length, Length), Math.Max(below, Below));
        new Span<T>(_origin - Below, Below + Length).CopyTo(new Span<T>(grown._origin - Below, Below + Length));
        this = grown;
    }
}
