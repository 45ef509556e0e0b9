using System.Buffers.Binary;
using SyscallExplorer.Machine;

namespace SyscallExplorer.Linux;

/// <summary>The floating-point and vector registers of a task that lie in its structure, where guest code saves them and loads them from.</summary>
internal sealed class TaskFpu(LinuxMachine machine)
{
    private const uint InitialMxcsrMask = 0xFFBF;

    /// <summary>The registers of a task whose guest code has saved them.</summary>
    public FpuImage Read(GuestTask task)
    {
        byte[] bytes = new byte[Size];
        if (!HasFxsave)
        {
            Span<byte> saved = stackalloc byte[LegacyFloatEnvironment.SavedSize];
            machine.Processor.Bus.Ram.Read(task.Address + TaskLayout.Fpu, saved);
            LegacyFloatEnvironment.ToImage(saved, bytes);
            return new FpuImage(FormatWith(0), bytes);
        }

        machine.Processor.Bus.Ram.Read(task.Address + TaskLayout.Fpu, bytes);
        return new FpuImage(FormatWith(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(FpuImage.Mxcsr + 4))), bytes);
    }

    /// <summary>The format of a task's registers.</summary>
    public FpuFormat FormatOf(GuestTask task)
    {
        if (!HasFxsave)
            return FormatWith(0);
        Span<byte> mask = stackalloc byte[4];
        machine.Processor.Bus.Ram.Read(task.Address + TaskLayout.Fpu + FpuImage.Mxcsr + 4, mask);
        return FormatWith(BinaryPrimitives.ReadUInt32LittleEndian(mask));
    }

    /// <summary>Sets the registers of a task: guest code loads them on the way to user mode.</summary>
    public void Write(GuestTask task, FpuImage image)
    {
        ReadOnlySpan<byte> bytes = HasFxsave ? image.Bytes.Span : LegacyFloatEnvironment.FromImage(image.Bytes.Span, 0, 0).AsSpan(0, LegacyFloatEnvironment.SavedSize);
        machine.Processor.Bus.Ram.Write(task.Address + TaskLayout.Fpu, bytes);
        task.SetFlag(ThreadFlags.NeedFpuLoad, true);
    }

    /// <summary>Without FXSAVE guest code uses FNSAVE and FRSTOR.</summary>
    private bool HasFxsave => machine.Processor.Model.Has(CpuFeature.Fxsr);

    private ulong Components => machine.Features.Contains(KernelFeature.Xsave) ? machine.Processor.Registers.ExtendedControlRegister0 : 0;

    private int Size => Components == 0 ? FpuFormat.LegacySize : (Components & FpuFormat.Avx) != 0 ? KernelLayout.FpuArea : FpuFormat.MinimumXsaveSize;

    /// <summary>Before the registers were saved for the first time nothing tells which bits MXCSR has.</summary>
    private FpuFormat FormatWith(uint mask) => new(Size, Components, mask == 0 ? InitialMxcsrMask : mask);
}
