using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SyscallExplorer.Machine;

/// <content>Reads and writes at linear addresses, with the rights of the current privilege level or of the processor itself.</content>
public sealed partial class Processor
{
    private const int ImplicitSupervisorClass = FastTranslations.EntriesPerClass;

    /// <summary>Reads with the rights of the program. On failure an exception is pending.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool ReadLinear<T>(ulong linear, out T value) where T : unmanaged
    {
        ref FastEntry entry = ref _fast.Read[_fastClassBase + (int)((linear >> 12) % FastTranslations.EntriesPerClass)];
        int offset = (int)(linear & 0xFFF);
        if (entry.Tag == FastTranslations.TagOf(linear) && offset <= PhysicalMemory.FrameSize - Unsafe.SizeOf<T>() && !_alignmentChecked)
        {
            value = Unsafe.ReadUnaligned<T>(ref entry.Page[offset]);
            return true;
        }

        return ReadSlow(linear, out value, user: Cpl == 3, explicitAccess: true);
    }

    /// <summary>Writes with the rights of the program. On failure an exception is pending and nothing was written.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool WriteLinear<T>(ulong linear, T value) where T : unmanaged
    {
        ref FastEntry entry = ref _fast.Write[_fastClassBase + (int)((linear >> 12) % FastTranslations.EntriesPerClass)];
        int offset = (int)(linear & 0xFFF);
        if (entry.Tag == FastTranslations.TagOf(linear) && offset <= PhysicalMemory.FrameSize - Unsafe.SizeOf<T>() && !_alignmentChecked)
        {
            Unsafe.WriteUnaligned(ref entry.Page[offset], value);
            return true;
        }

        return WriteSlow(linear, value, user: Cpl == 3, explicitAccess: true);
    }

    /// <summary>Reads as the processor itself does for descriptor tables and the TSS: a supervisor access whatever the CPL.</summary>
    internal bool ReadSystem<T>(ulong linear, out T value) where T : unmanaged
    {
        value = default;
        linear = SystemAddress(linear);
        return IsSystemAddress<T>(linear) && ReadSlow(linear, out value, user: false, explicitAccess: false);
    }

    /// <summary>Writes as the processor itself does: a supervisor access whatever the CPL.</summary>
    internal bool WriteSystem<T>(ulong linear, T value) where T : unmanaged
    {
        linear = SystemAddress(linear);
        return IsSystemAddress<T>(linear) && WriteSlow(linear, value, user: false, explicitAccess: false);
    }

    /// <summary>Checks that a range can be written with the rights given; on failure an exception is pending.</summary>
    internal bool ProbeWrite(ulong linear, int size, bool user, bool explicitAccess)
    {
        if (!Translate(linear, PageAccess.Write, user, explicitAccess, out _))
            return false;
        ulong last = linear + (ulong)size - 1;
        return (last >> 12) == (linear >> 12) || Translate(NextPage(linear, explicitAccess), PageAccess.Write, user, explicitAccess, out _);
    }

    /// <summary>A table whose base is canonical may still reach out of the canonical range: #GP(0).</summary>
    private bool IsSystemAddress<T>(ulong linear) where T : unmanaged =>
        (IsCanonical(linear) && IsCanonical(linear + (ulong)Unsafe.SizeOf<T>() - 1)) || Fail(Vector.GeneralProtection, 0);

    /// <summary>Outside long mode the processor's own addresses wrap at 4 GiB. SDM vol. 3A, 3.3.</summary>
    private ulong SystemAddress(ulong linear) => IsLongModeActive ? linear : linear & uint.MaxValue;

    /// <summary>First address of the page that follows; a program's own addresses wrap at 4 GiB outside 64-bit mode.</summary>
    private ulong NextPage(ulong linear, bool explicitAccess)
    {
        ulong next = (linear & ~0xFFFul) + PhysicalMemory.FrameSize;
        return explicitAccess && !Is64Bit ? next & uint.MaxValue : SystemAddress(next);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool ReadSlow<T>(ulong linear, out T value, bool user, bool explicitAccess) where T : unmanaged
    {
        value = default;
        int size = Unsafe.SizeOf<T>();
        if (_hasDataBreakpoints)
            NoteDataAccess(linear, size, write: false);
        if (explicitAccess && IsMisaligned(linear, size))
        {
            Raise(Vector.AlignmentCheck);
            return false;
        }

        int offset = (int)(linear & 0xFFF);
        if (!Translate(linear, PageAccess.Read, user, explicitAccess, out ulong physical))
            return false;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        int first = Math.Min(size, PhysicalMemory.FrameSize - offset);
        if (first == size)
        {
            CacheForRead(linear, physical, user, explicitAccess);
            ReadPhysical(physical, bytes);
            return true;
        }

        if (!Translate(NextPage(linear, explicitAccess), PageAccess.Read, user, explicitAccess, out ulong second))
            return false;
        ReadPhysical(physical, bytes[..first]);
        ReadPhysical(second, bytes[first..]);
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool WriteSlow<T>(ulong linear, T value, bool user, bool explicitAccess) where T : unmanaged
    {
        int size = Unsafe.SizeOf<T>();
        if (_hasDataBreakpoints)
            NoteDataAccess(linear, size, write: true);
        if (explicitAccess && IsMisaligned(linear, size))
        {
            Raise(Vector.AlignmentCheck);
            return false;
        }

        int offset = (int)(linear & 0xFFF);
        if (!Translate(linear, PageAccess.Write, user, explicitAccess, out ulong physical))
            return false;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<T>(ref value));
        int first = Math.Min(size, PhysicalMemory.FrameSize - offset);
        ulong second = 0;
        if (first != size && !Translate(NextPage(linear, explicitAccess), PageAccess.Write, user, explicitAccess, out second))
            return false;
        WritePhysical(physical, bytes[..first]);
        if (first != size)
            WritePhysical(second, bytes[first..]);
        else
            CacheForWrite(linear, physical, user, explicitAccess);
        return true;
    }

    private bool IsMisaligned(ulong linear, int size) => _alignmentChecked && (linear & (ulong)(AlignmentOf(size) - 1)) != 0;

    /// <summary>
    /// The alignment that an operand should have: 32 bytes that of 16, 10 bytes that of 8, the x87 environments and states that of their words. SDM vol. 3A,
    /// table 6-7.
    /// </summary>
    private static int AlignmentOf(int size) => size switch
    {
        2 or 14 or 94 => 2,
        4 or 28 or 108 => 4,
        8 or 10 => 8,
        16 or 32 => 16,
        _ => 1,
    };

    private void ReadPhysical(ulong physical, Span<byte> bytes)
    {
        if (IsRam(physical))
        {
            Bus.Ram.FrameForRead(physical).AsSpan((int)(physical % PhysicalMemory.FrameSize), bytes.Length).CopyTo(bytes);
            return;
        }

        while (bytes.Length > 0)
        {
            int size = DeviceAccessSize(physical, bytes.Length);
            ulong value = ReadDevice(physical, size);
            for (int i = 0; i < size; i++)
                bytes[i] = (byte)(value >> (8 * i));
            bytes = bytes[size..];
            physical += (ulong)size;
        }
    }

    private void WritePhysical(ulong physical, ReadOnlySpan<byte> bytes)
    {
        if (IsRam(physical))
        {
            bytes.CopyTo(Bus.Ram.FrameForWrite(physical).AsSpan((int)(physical % PhysicalMemory.FrameSize)));
            if (_code.IsCodeFrame(physical))
                _code.InvalidateRange(physical, bytes.Length);
            return;
        }

        while (bytes.Length > 0)
        {
            int size = DeviceAccessSize(physical, bytes.Length);
            ulong value = 0;
            for (int i = 0; i < size; i++)
                value |= (ulong)bytes[i] << (8 * i);
            WriteDevice(physical, size, value);
            bytes = bytes[size..];
            physical += (ulong)size;
        }
    }

    private ulong ReadDevice(ulong physical, int size) =>
        (physical & ~0xFFFul) == _apicPage ? LocalApic.ReadMemory((int)(physical & 0xFFF), size) : Bus.ReadDevice(physical, size);

    private void WriteDevice(ulong physical, int size, ulong value)
    {
        if ((physical & ~0xFFFul) == _apicPage)
            LocalApic.WriteMemory((int)(physical & 0xFFF), size, value);
        else
            Bus.WriteDevice(physical, size, value);
    }

    /// <summary>Devices answer 1, 2, 4 or 8 bytes: an access as it stands when it has such a size, else in parts that are aligned.</summary>
    private static int DeviceAccessSize(ulong physical, int length)
    {
        if (length is 1 or 2 or 4 or 8)
            return length;
        int aligned = physical == 0 ? 8 : (int)Math.Min(8, physical & (~physical + 1));
        while (aligned > length)
            aligned /= 2;
        return aligned;
    }

    private void CacheForRead(ulong linear, ulong physical, bool user, bool explicitAccess)
    {
        if (!IsWatched(linear, write: false) && IsRam(physical))
            _fast.CacheRead(FastIndex(linear, user, explicitAccess), linear, physical, Bus.Ram.FrameForRead(physical));
    }

    private void CacheForWrite(ulong linear, ulong physical, bool user, bool explicitAccess)
    {
        if (!IsWatched(linear, write: true) && IsRam(physical) && !_code.IsCodeFrame(physical))
            _fast.CacheWrite(FastIndex(linear, user, explicitAccess), linear, physical, Bus.Ram.FrameForWrite(physical));
    }

    private int FastIndex(ulong linear, bool user, bool explicitAccess)
    {
        int row = user ? 0 : explicitAccess ? _fastClassBase : ImplicitSupervisorClass;
        return row + (int)((linear >> 12) % FastTranslations.EntriesPerClass);
    }
}
