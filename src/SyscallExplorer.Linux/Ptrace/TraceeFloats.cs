using System.Buffers.Binary;

namespace SyscallExplorer.Linux;

/// <summary>The floating-point and vector registers of a tracee in the forms that ptrace has for them.</summary>
internal sealed class TraceeFloats(LinuxMachine machine, TaskState task)
{
    /// <summary>Bytes of the old form without the kernel's own word behind it.</summary>
    private const int LegacyFormSize = LegacyFloatEnvironment.Size - 4;

    private readonly TaskFpu _fpu = new(machine);
    private readonly GuestTask _guest = machine.Tasks.Guest(task);

    private FpuImage Image => _fpu.Read(_guest);

    /// <summary>NT_PRFPREG of 64-bit programs and NT_PRXFPREG of 32-bit ones: FXSAVE's image.</summary>
    public byte[] Fxsave() => Image.Bytes[..FpuFormat.LegacySize].ToArray();

    /// <summary>NT_PRFPREG of 32-bit programs: what FSAVE would write.</summary>
    public byte[] Fsave()
    {
        var registers = new TraceeRegisters(machine, task);
        const int ds = 23, cs = PtRegsOffsets.Cs / 8;
        return LegacyFloatEnvironment.FromImage(Image.Bytes.Span, (ushort)registers[cs], (ushort)registers[ds])[..LegacyFormSize];
    }

    /// <summary>NT_X86_XSTATE: XSAVE's image, in which the bytes left to software tell which components there are; null without XSAVE.</summary>
    public byte[]? Xsave()
    {
        FpuImage image = Image;
        if (!image.Format.HasXsave)
            return null;
        byte[] bytes = image.Bytes.ToArray();
        bytes.AsSpan(FpuImage.SoftwareReserved, FpuFormat.LegacySize - FpuImage.SoftwareReserved).Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(FpuImage.SoftwareReserved), image.Format.Components);
        return bytes;
    }

    /// <summary>Sets them from the beginning of FXSAVE's image.</summary>
    public long SetFxsave(ReadOnlySpan<byte> given) => Set(given, (image, bytes) => bytes.CopyTo(image));

    /// <summary>Sets the x87 registers from the beginning of FSAVE's form.</summary>
    public long SetFsave(ReadOnlySpan<byte> given)
    {
        byte[] whole = Fsave();
        given.CopyTo(whole);
        return Set(whole, (image, bytes) => LegacyFloatEnvironment.ToImage(bytes, image));
    }

    /// <summary>Sets all of them.</summary>
    /// <returns>0, -EFAULT for another size, or -EINVAL for components that the processor has not.</returns>
    public long SetXsave(ReadOnlySpan<byte> given)
    {
        FpuImage image = Image;
        if (given.Length != image.Bytes.Length)
            return -Errno.EFAULT;
        ulong present = BinaryPrimitives.ReadUInt64LittleEndian(given[FpuImage.PresentComponents..]);
        if ((present & ~image.Format.Components) != 0 || given[FpuImage.Compaction..(FpuFormat.MinimumXsaveSize)].ContainsAnyExcept((byte)0))
            return -Errno.EINVAL;
        byte[] bytes = given.ToArray();
        MaskControl(bytes, image.Format);
        _fpu.Write(_guest, new FpuImage(image.Format, bytes));
        return 0;
    }

    private delegate void Change(Span<byte> image, ReadOnlySpan<byte> given);

    private long Set(ReadOnlySpan<byte> given, Change change)
    {
        FpuImage image = Image;
        byte[] bytes = image.Bytes.ToArray();
        change(bytes, given);
        MaskControl(bytes, image.Format);
        if (image.Format.HasXsave)
        {
            Span<byte> present = bytes.AsSpan(FpuImage.PresentComponents);
            BinaryPrimitives.WriteUInt64LittleEndian(present, BinaryPrimitives.ReadUInt64LittleEndian(present) | FpuFormat.LegacyComponents);
        }

        _fpu.Write(_guest, new FpuImage(image.Format, bytes));
        return 0;
    }

    /// <summary>Bits that MXCSR has not would make the load fault.</summary>
    private static void MaskControl(Span<byte> bytes, FpuFormat format)
    {
        Span<byte> control = bytes[FpuImage.Mxcsr..];
        BinaryPrimitives.WriteUInt32LittleEndian(control, BinaryPrimitives.ReadUInt32LittleEndian(control) & format.MxcsrMask);
    }
}
