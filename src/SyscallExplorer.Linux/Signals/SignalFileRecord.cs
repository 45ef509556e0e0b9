namespace SyscallExplorer.Linux;

/// <summary><c>struct signalfd_siginfo</c>: the same for programs of both widths. man 2 signalfd.</summary>
internal static class SignalFileRecord
{
    /// <summary>Bytes of the structure.</summary>
    public const int Size = 128;

    public static byte[] Of(SignalInfo info)
    {
        SignalInfoForm form = SignalInfoLayout.FormOf(info.Signal, info.Code);
        bool isProcess = form is SignalInfoForm.Kill or SignalInfoForm.Queue or SignalInfoForm.Child;
        bool isTimer = form == SignalInfoForm.Timer, isPoll = form == SignalInfoForm.Poll, isChild = form == SignalInfoForm.Child;
        bool isCall = form == SignalInfoForm.SystemCall;
        bool isFault = form is SignalInfoForm.Fault or SignalInfoForm.MemoryFailure or SignalInfoForm.Bounds or SignalInfoForm.Key;
        ulong value = form is SignalInfoForm.Queue or SignalInfoForm.Timer ? info.Value : 0;
        CStructure record = new CStructure(compat: false)
            .Int32(info.Signal).Int32(info.Error).Int32(info.Code)
            .Int32(isProcess ? info.Process : 0).Int32(isProcess ? (int)info.User : 0)
            .Int32(isPoll ? info.Descriptor : 0)
            .Int32(isTimer ? info.TimerId : 0)
            .Int32(isPoll ? (int)info.Band : 0)
            .Int32(isTimer ? info.Overrun : 0)
            .Int32(0)
            .Int32(isChild ? info.Status : 0)
            .Int32((int)value).Int64((long)value)
            .Int64(isChild ? info.UserTime : 0).Int64(isChild ? info.SystemTime : 0)
            .Int64(isFault ? (long)info.Address : 0)
            .Int16(form == SignalInfoForm.MemoryFailure ? info.AddressLeastBit : 0).Int16(0)
            .Int32(isCall ? info.CallNumber : 0).Int64(isCall ? (long)info.Address : 0).Int32(isCall ? (int)info.Architecture : 0);
        return record.Zeroes(Size - record.Bytes.Length).Bytes.ToArray();
    }
}
